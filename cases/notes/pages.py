"""What the pages of notes show: plain values for the components."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import Note
from staff.templatetags.look import moment

ICONS = {"returned": "corner-up-left", "reminder": "clock", "sweep": "users", "placed": "folder-open"}


def inbox_row(note: Note) -> dict[str, Any]:
    """A note as its recipient reads it."""
    return {
        "pk": note.pk,
        "icon": ICONS.get(note.kind, "bell"),
        "kind": note.get_kind_display(),
        "text": note.text,
        "who": str(note.sent_by) if note.sent_by else "",
        "when": moment(note.created_at),
        "unread": note.read_at is None,
        "link": _link_words(note),
    }


def sent_row(note: Note) -> dict[str, Any]:
    """A note as its sender sees it: whether it was read."""
    read = _("read %(when)s") % {"when": moment(note.read_at)} if note.read_at else _("not read yet")
    return {
        "title": str(note.recipient),
        "lines": [note.text, f"{moment(timezone.localtime(note.created_at))} · {read}"],
    }


def leads_to(note: Note) -> str:
    """The page a note is about; the inbox when it is about none, or one that the reader does not see."""
    if note.visit is not None:
        return reverse("cases:visit", args=[note.visit.pk])
    if note.child is not None:
        return reverse("cases:child", args=[note.child.pk])
    return reverse("cases:notes")


def _link_words(note: Note) -> str:
    if note.visit is not None:
        return _("Open the visit")
    return _("Open the file") if note.child is not None else ""

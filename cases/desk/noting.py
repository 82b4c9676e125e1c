"""A note to the director, from any panel: it decides nothing, the item stays where it is."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from cases.desk.sources import Done, Incomplete, Reader, Sent, act, bound
from cases.models import Child, Visit
from cases.notes.forms import NoteForm
from cases.notes.selectors import seats
from cases.notes.services import SENDERS, send_note
from staff.enums import Role

NOTE = "note"


def people_of(region_id: int, reader: Reader, first: int | None = None) -> list[tuple[int, str]]:
    """Who can be told about a village: ``first`` (whoever made the visit), its directors; from the county also the
    township's supervisors. One query."""
    places = [region_id] if not reader.at_county else [region_id, region_id // 1_000 * 1_000]
    held = seats(reader.at).filter(region_id__in=places, role__in=(Role.DIRECTOR, Role.SUPERVISOR))
    found = dict(held.exclude(user_id=reader.actor.user_id).values_list("user_id", "user__name"))
    return sorted(found.items(), key=lambda one: one[0] != first)


def note_act(
    region_id: int, reader: Reader, sent: Sent | None, first: int | None = None
) -> list[dict[str, Any]]:
    """The entry that writes a note, or none where nobody can be told."""
    people = people_of(region_id, reader, first) if reader.actor.role in SENDERS else []
    if not people:
        return []
    form = NoteForm(people=people, auto_id="note_%s", **bound(sent, NOTE))
    entry = {"name": NOTE, "label": _("Write a note"), "icon": "pencil", "fields": form, "primary": False}
    return [act(entry | {"prompt": _("A note that arrives on the phone"), "submit": _("Send the note")}, "N")]


def note_sent(
    sent: Sent, reader: Reader, region_id: int, *, child: Child | None = None, visit: Visit | None = None
) -> Done:
    """Send the note of the panel. Incomplete, or NoteRefused."""
    people = people_of(region_id, reader)
    form = NoteForm(data=sent.data, people=people)
    if not form.is_valid():
        raise Incomplete
    to, text = form.cleaned_data["recipient"], form.cleaned_data["text"]
    send_note(actor=reader.actor, at=reader.at, recipient=to, text=text, child=child, visit=visit)
    return Done(_("The note to %(person)s is sent.") % {"person": dict(people)[to]}, stays=True)

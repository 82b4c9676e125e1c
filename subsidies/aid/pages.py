"""What the pages of other help share: lists by key, and two templates that every subject fills."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases import key_pages
from cases.models import Child
from staff.enums import Role
from staff.workflow import Actor

READERS = (Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
EVERYONE = (Role.DIRECTOR, *READERS)
UNREAD = ("health_note", "phone", "id_number")


def column(label: Any, kind: str = "text") -> dict[str, Any]:
    """One column of a table component."""
    return {"label": label, "kind": kind}


def page_by_key(
    found: QuerySet[Any], after: str, address: str, *, down: bool = False
) -> tuple[list[Any], str]:
    """Rows of a list ordered by primary key (``down``: latest first) that follow ``after``, and the address of the next
    page ("" at the end).
    """
    if after.isdecimal() and len(after) < 19:
        found = found.filter(**{"pk__lt" if down else "pk__gt": int(after)})
    rows = list(found[: key_pages.PAGE + 1])
    if len(rows) <= key_pages.PAGE:
        return rows, ""
    rows = rows[: key_pages.PAGE]
    joint = "&" if "?" in address else "?"
    return rows, f"{address}{joint}{urlencode({'after': rows[-1].pk})}"


def counted(found: QuerySet[Any]) -> int:
    """How many there are, up to the limit and one more. One query."""
    return found.order_by()[: key_pages.COUNTED + 1].count()


def how_many(number: int) -> str:
    """A count in words; beyond the limit it says so."""
    if number > key_pages.COUNTED:
        return _("more than %(number)s") % {"number": key_pages.COUNTED}
    return ngettext("%(number)s line", "%(number)s lines", number) % {"number": number}


def child_cell(child: Child) -> tuple[str, str]:
    """A child's name with the address of its file."""
    return child.name, reverse("cases:child", args=[child.pk])


def place_of(row: Any) -> str:
    """Township and village as cases.key_pages.name_places wrote them on a row."""
    return f"{row.township} {row.village}".strip()


def segment(label: Any, code: str, show: str, count: int | None = None, extra: str = "") -> dict[str, Any]:
    """One of the choices above a list."""
    return {"label": label, "url": f"?show={code}{extra}", "current": code == show, "count": count}


def show_list(request: HttpRequest, title: Any, **given: Any) -> HttpResponse:
    """The list page of a subject: head, numbers, segments, rows, buttons. Keys that are not given stay empty."""
    context: dict[str, Any] = {
        **dict.fromkeys(("note", "later", "first", "summary", "empty_text", "template"), ""),
        **dict.fromkeys(
            ("actions", "tiles", "tables", "segments", "rows", "columns", "buttons", "strips"), ()
        ),
        "form": None,
        "totals": (),
        "title": title,
    }
    return render(request, given.pop("page", "subsidies/aid_list.html"), context | given)


def show_form(
    request: HttpRequest,
    title: Any,
    form: forms.Form,
    back: str,
    *,
    person: str = "",
    note: Any = "",
    submit: Any = "",
    problems: Iterable[Any] = (),
    upload: bool = False,
) -> HttpResponse:
    """The form page of a subject."""
    return render(
        request,
        "subsidies/aid_form.html",
        {
            "title": title,
            "form": form,
            "back": back,
            "person": person,
            "note": note,
            "submit": submit or _("Save"),
            "problems": list(problems),
            "upload": upload,
        },
    )


def say(request: HttpRequest, text: str) -> None:
    """Tell that it was done, on the next page."""
    messages.success(request, text)


def role() -> str:
    """The role of who asks."""
    return Actor.current().role

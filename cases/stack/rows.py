"""A question set as rows: what a blank sheet prints, and what is typed from a filled one. Pure.

Every answer has a key, printed beside its box and typed when it is ticked: 1 to 9, then letters. One row, one line of
typing: ``2`` for one answer, ``135`` for several, words and numbers as they are, days as ``10-28``, times as ``9:40`` or ``940``.
"""

from __future__ import annotations

import datetime as dt
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from cases.enums import RiskLevel
from cases.questions.definition import Definition, Question, QuestionType
from cases.questions.fields import answer_name
from cases.visits.enums import VISIT_KIND_SHORT, PersonMet

KEYS = "123456789" + string.ascii_lowercase + string.ascii_uppercase
CASELESS = 35  # so many keys are the same in capitals
BETWEEN = re.compile(r"[\s,，、.;；]+")
TIME = re.compile(r"(\d{1,2})[:：.]?(\d{2})")
DAY = re.compile(r"(?:(\d{4})[-./年]?)?(\d{1,2})[-./月]?(\d{2}|\d)日?")
NOON = dt.time(12, 0)
TEXT_LINES = 5


@dataclass(frozen=True)
class Choice:
    """One box: the key to type, the code that is stored, the words."""

    key: str
    code: str
    text: str


@dataclass(frozen=True)
class Row:
    """One line of a sheet. ``name``: the field of the visit form, or ``problems_<domain>``. ``kind``: one, many, text, number,
    date or time. ``lines``: how many to write on by hand."""

    name: str
    label: str
    kind: str
    choices: tuple[Choice, ...] = ()
    hint: str = ""
    lines: int = 0
    required: bool = False


class Unreadable(ValueError):
    """What was typed says nothing on this row; the message is for the user."""


def rows_of(asked: Definition) -> list[Row]:
    """The rows of a form, in the order of its sheet."""
    kinds = [(kind.value, str(VISIT_KIND_SHORT[kind])) for kind in asked.kinds]
    return [
        Row("kind", _("How you visited"), "one", _keyed(kinds), required=True),
        Row("time", _("Time of day"), "time", hint=_("24 hours, such as 9:40"), lines=1),
        Row("people_met", _("Whom you met"), "many", _keyed(PersonMet.choices), required=True),
        *(_question(one, asked) for one in asked.questions().values()),
        *(
            Row(
                f"problems_{domain.code}",
                _("Problems (%(domain)s)") % {"domain": domain.name},
                "many",
                _keyed([(one.code, str(one.text)) for one in domain.options]),
            )
            for domain in asked.domains
        ),
        Row("risk", _("Risk as you judge it"), "one", _keyed(RiskLevel.choices), required=True),
        Row(
            "next_visit_date",
            _("Next visit"),
            "date",
            hint=_("such as 10-28; empty: by the interval"),
            lines=1,
        ),
        Row("text", _("What you found"), "text", lines=TEXT_LINES, required=True),
    ]


def _question(one: Question, asked: Definition) -> Row:
    kind = {
        QuestionType.YES_NO: "one",
        QuestionType.ONE: "one",
        QuestionType.MANY: "many",
        QuestionType.NUMBER: "number",
        QuestionType.DATE: "date",
    }.get(one.type, "text")
    only = [str(VISIT_KIND_SHORT[kind]) for kind in asked.kinds if one.only_kind == kind]
    hint = _("only: %(kind)s") % {"kind": only[0]} if only and len(asked.kinds) > 1 else ""
    return Row(
        answer_name(one.code),
        str(one.text),
        kind,
        _keyed([(option.code, str(option.text)) for option in one.options]),
        hint,
        lines=1 if kind in ("text", "number", "date") else 0,
        required=one.required,
    )


def _keyed(options: Sequence[tuple[Any, Any]]) -> tuple[Choice, ...]:
    return tuple(Choice(key, str(code), str(text)) for key, (code, text) in zip(KEYS, options, strict=False))


# --- From the keyboard ----------------------------------------------------------------------------------


def read_row(row: Row, typed: str, day: dt.date) -> Any:
    """What was typed on a row, as the visit form takes it: a code, codes, a text. Unreadable says what may be typed."""
    given = typed.strip()
    if row.kind in ("one", "many"):
        return _codes(row, given)
    if row.kind == "time":
        return _time(given)
    if row.kind == "date":
        return _day(given, day)
    return given


def _codes(row: Row, given: str) -> Any:
    folded = given.lower() if len(row.choices) <= CASELESS else given
    known = {choice.key: choice.code for choice in row.choices}
    keys = list(dict.fromkeys(BETWEEN.sub("", folded)))
    if unknown := [key for key in keys if key not in known]:
        last = row.choices[-1].key
        raise Unreadable(
            _("%(key)s is no answer here: type 1 to %(last)s.") % {"key": unknown[0], "last": last}
        )
    if row.kind == "many":
        return [known[key] for key in keys]
    if len(keys) > 1:
        raise Unreadable(_("One answer only."))
    return known[keys[0]] if keys else ""


def _time(given: str) -> str:
    if not given:
        return ""
    found = TIME.fullmatch(given)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise Unreadable(_("Write the time as 9:40 or 940."))
    return f"{int(found[1]):02d}:{found[2]}"


def _day(given: str, day: dt.date) -> str:
    """An ISO day. Without a year it is the one nearest to the day of the visits."""
    if not given:
        return ""
    found = DAY.fullmatch(given)
    try:
        if found is None:
            raise ValueError(given)
        years = [int(found[1])] if found[1] else [day.year - 1, day.year, day.year + 1]
        days = [dt.date(year, int(found[2]), int(found[3])) for year in years]
    except ValueError as error:
        raise Unreadable(_("Write the day as 10-28 or 2026-10-28.")) from error
    return min(days, key=lambda one: abs(one - day)).isoformat()


def typed_of(rows: Sequence[Row], values: Mapping[str, Any]) -> dict[str, str]:
    """The reverse of :func:`visit_values`: what would have been typed for a form's initial values."""
    typed: dict[str, str] = {}
    for row in rows:
        value = values.get("problems" if row.name.startswith("problems_") else row.name)
        if row.name == "time":
            value = values["visited_at"].strftime("%H:%M")
        codes = [value] if isinstance(value, str) else value or []
        if row.choices:
            typed[row.name] = "".join(choice.key for choice in row.choices if choice.code in codes)
        else:
            typed[row.name] = "" if value is None else str(value)
    return typed


def visit_values(
    rows: Sequence[Row], typed: Mapping[str, str], day: dt.date, at: dt.datetime | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """What was typed as data of the visit form, and what could not be read by row.

    A sheet without a time of day counts as made at noon, or at the moment ``at`` (local) when that is earlier.
    """
    usual = min(NOON, at.time()) if at is not None and at.date() == day else NOON
    values: dict[str, Any] = {"problems": []}
    faults: dict[str, str] = {}
    for row in rows:
        try:
            read = read_row(row, typed.get(row.name, ""), day)
        except Unreadable as fault:
            faults[row.name] = str(fault)
            continue
        if row.name.startswith("problems_"):
            values["problems"] += read
        elif row.name == "time":
            values["visited_at"] = f"{day.isoformat()}T{read or usual.strftime('%H:%M')}"
        else:
            values[row.name] = read
    return values, faults

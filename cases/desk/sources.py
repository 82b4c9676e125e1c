"""Sources of work: what waits for somebody, by when it was promised, and how it is decided.

An app registers a :class:`WorkSource` in ``AppConfig.ready``; nothing else of the desk changes. A source says only what
is its own: which rows wait (a queryset), the moment of their promise (an SQL expression), one line about a row, the
panel of one row and what its decisions do. Merging, paging, counting, filtering, keys and pages are the desk's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import DateTimeField, F, Func, QuerySet
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from cases.enums import RiskLevel
from cases.visits.rules import intervals_from
from cases.workflows import COUNTY
from staff import parameters
from staff.workflow import Actor, Transition, TransitionRefused


@dataclass(frozen=True)
class Reader:
    """Whose queue it is: the actor, the region of their post, and the moment."""

    actor: Actor
    region_id: int
    at: dt.datetime

    @property
    def today(self) -> dt.date:
        return timezone.localdate(self.at)

    @property
    def at_county(self) -> bool:
        return self.actor.role in COUNTY

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The county's parameters that say by when things are promised. One query."""
        return parameters.values(
            self.region_id, ("desk_days", "visit_interval_days", "defect_due_days"), self.today
        )

    @property
    def intervals(self) -> Mapping[RiskLevel, int]:
        return intervals_from(self.parameters["visit_interval_days"])

    def days(self, code: str) -> int:
        """Days within which work of a source that has no due date of its own is done (parameter ``desk_days``)."""
        standard: dict[str, int] = parameters.DEFAULTS["desk_days"][0]
        return int((standard | self.parameters["desk_days"]).get(code, standard["other"]))


@dataclass(frozen=True)
class Sent:
    """What a decision posted: ``action`` names it."""

    data: Mapping[str, Any]
    files: MultiValueDict[str, Any] = field(default_factory=MultiValueDict)

    @property
    def action(self) -> str:
        return str(self.data.get("action", ""))

    def text(self, name: str) -> str:
        return str(self.data.get(name, ""))


@dataclass(frozen=True)
class Panel:
    """One item beside the queue. ``about`` is the row itself; ``blocks`` are its evidence, each a dict with one of
    ``facts``, ``quote``, ``strip`` (and ``kind``), ``rows`` (as list items), ``lines`` or ``template``, and perhaps a
    ``title``; ``acts`` are entries of the component ``actions``, each with its ``key``."""

    about: Any
    heading: str
    blocks: list[dict[str, Any]]
    acts: list[dict[str, Any]]
    url: str = ""
    link: str = ""
    status: tuple[str, str] = ("", "")
    note: str = ""
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """What a decision did, in a sentence. ``stays``: it decided nothing, and the item is shown again."""

    said: str
    stays: bool = False


@dataclass(frozen=True)
class WorkSource:
    """Work of one kind. See docs/desk.md.

    ``waiting``: the rows that wait for the reader, unordered. ``promised``: the moment until which they were promised,
    as an expression (:func:`end_of`, :func:`after`). ``who``, ``level``, ``region`` and ``person`` are paths or
    expressions: the name that stands in the list, its colour, the village, and the colleague whose work it is; ``about``
    names further values that ``line`` makes one line of. ``panel`` raises Http404 for what the reader does not see;
    ``decide`` does what was sent, or raises TransitionRefused or ValidationError.
    """

    code: str
    label: Any
    icon: str
    roles: frozenset[str]
    waiting: Callable[[Reader], QuerySet[Any]]
    promised: Callable[[Reader], Any]
    line: Callable[[Mapping[str, Any]], str]
    panel: Callable[[int, Reader, Sent | None], Panel]
    decide: Callable[[int, Sent, Reader], Done]
    who: Any = "child__name"
    region: str = "region_id"
    level: Any = ""
    person: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)


class Incomplete(TransitionRefused):
    """A decision whose form lacks something; the form beside it says what."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text or _("Nothing was decided. Check what is missing below."))


_SOURCES: dict[str, WorkSource] = {}


def register(source: WorkSource) -> WorkSource:
    """Add a source to every queue of its roles. Its code is lower-case letters and its place in the registry's order."""
    _SOURCES[source.code] = source
    return source


def ranked() -> dict[str, tuple[int, WorkSource]]:
    """Every source with its rank, which orders rows of the same promise: by code."""
    return {code: (rank, _SOURCES[code]) for rank, code in enumerate(sorted(_SOURCES))}


def sources_for(reader: Reader) -> dict[int, WorkSource]:
    """Rank → source, of those whose work the reader's post does."""
    return {rank: source for rank, source in ranked().values() if reader.actor.role in source.roles}


# --- Promises -----------------------------------------------------------------------------------------------------


def end_of(day: Any, days: int = 0) -> Func:
    """The moment at which a day (a date path or expression), or one so many days later, is over."""
    return Func(
        F(day) if isinstance(day, str) else day,
        template=f"(((%(expressions)s)::date + {int(days) + 1})::timestamp AT TIME ZONE '{settings.TIME_ZONE}')",
        output_field=DateTimeField(),
    )


def after(moment: Any, days: int = 0) -> Func:
    """So many days after a moment (a datetime path or expression)."""
    return Func(
        F(moment) if isinstance(moment, str) else moment,
        template=f"((%(expressions)s) + make_interval(days => {int(days)}))",
        output_field=DateTimeField(),
    )


# --- Entries of the decisions -------------------------------------------------------------------------------------


def act(step: Transition | dict[str, Any], key: str, **more: Any) -> dict[str, Any]:
    """An entry of the component ``actions`` with its key: of a transition, or of a dict that has at least name and label."""
    if isinstance(step, Transition):
        step = {
            "name": step.name,
            "label": step.label,
            "icon": step.icon,
            "danger": step.danger,
            "reasons": step.reasons.choices if step.reasons else (),
            "needs_text": step.needs_text,
        }
    return {**step, "key": key, **more}


def kept(acts: list[dict[str, Any]], sent: Sent | None) -> list[dict[str, Any]]:
    """The entries, the one that was sent opened with the words that were typed into it."""
    if sent is None:
        return acts
    opened = {"open": True, "text": sent.text("reason"), "chosen": sent.text("reason_code")}
    return [{**one, **opened} if one["name"] == sent.action else one for one in acts]


def bound(sent: Sent | None, action: str) -> dict[str, Any]:
    """Arguments that bind a form of a panel to what was sent for its action: data and files, or none."""
    if sent is None or sent.action != action:
        return {}
    return {"data": sent.data, "files": sent.files}

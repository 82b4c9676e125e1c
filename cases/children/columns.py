"""The columns that the children's list can show: on the page, in its spreadsheet and on paper alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases import ages, identity
from cases.enums import Attribute
from cases.models import Child, ChildAttribute, Guardian
from staff.enums import Role
from staff.models import Region
from staff.models.region import township_of

# Who may take numbers out of the list in full, for a reason that is logged.
IN_FULL = frozenset({Role.CLERK, Role.APPROVER})
LIVING = ("guardians", "attributes")


@dataclass(frozen=True)
class Surroundings:
    """What a cell needs beside its child: names of places by code, and the day of the list."""

    places: dict[int, str]
    today: dt.date

    def place(self, code: int | None) -> str:
        return self.places.get(code or 0, "")


Cell = Callable[[Child, Surroundings], str]


@dataclass(frozen=True)
class Column:
    """``text``: what a cell says, masked; ``full``: the same in clear, where there is such a thing.

    ``order``: the key of ``child_list.ORDERS`` that its heading sorts by. ``look``: how the page shows it.
    ``field``: a deferred field it reads; ``around``: the relation it reads.
    """

    key: str
    label: Promise
    text: Cell
    full: Cell | None = None
    order: str = ""
    look: str = ""
    field: str = ""
    around: str = ""


def _day(day: dt.date | None) -> str:
    return day.isoformat() if day else ""


def _guardian(child: Child) -> Guardian | None:
    return next(iter(child.guardians.all()), None)


def _of_guardian(read: Callable[[Guardian], str]) -> Cell:
    def text(child: Child, around: Surroundings) -> str:
        guardian = _guardian(child)
        return read(guardian) if guardian else ""

    return text


def _attributes(child: Child, around: Surroundings) -> str:
    return "、".join(str(Attribute(held.kind).label) for held in child.attributes.all())


_COLUMNS = (
    Column("name", _("Name"), lambda c, _a: c.name, order="name", look="name"),
    Column("number", _("Register number"), lambda c, _a: c.number, look="number"),
    Column("risk", _("Risk"), lambda c, _a: c.get_risk_display(), look="risk"),
    Column("category", _("Category"), lambda c, _a: c.get_primary_category_display()),
    Column("detail", _("Sub-type"), lambda c, _a: c.get_category_detail_display()),
    Column("since", _("Category since"), lambda c, _a: _day(c.category_since), look="number"),
    Column("attributes", _("Attributes"), _attributes, around="attributes"),
    Column("sex", _("Sex"), lambda c, _a: c.get_sex_display()),
    Column("birth", _("Date of birth"), lambda c, _a: _day(c.birth_date), order="birth", look="number"),
    Column("age", _("Age"), lambda c, a: str(ages.age_on(c.birth_date, max(a.today, c.birth_date))), look="number"),
    Column(
        "identity", _("Identity number"), lambda c, _a: c.masked_identity, full=lambda c, _a: c.id_number,
        look="number", field="id_number",
    ),
    Column("placement", _("Placement"), lambda c, _a: c.get_placement_display()),
    Column("township", _("Township"), lambda c, a: a.place(township_of(c.region_id))),
    Column("village", _("Village"), lambda c, a: a.place(c.region_id)),
    Column(
        "address", _("Address"), lambda c, _a: identity.mask_address(c.address), full=lambda c, _a: c.address,
    ),
    Column("registration", _("Household registration"), lambda c, _a: c.get_registration_display()),
    Column("guardian", _("Guardian"), _of_guardian(lambda g: g.name), around="guardians"),
    Column("relation", _("Relation"), _of_guardian(lambda g: g.get_relation_display()), around="guardians"),
    Column(
        "phone", _("Phone of the guardian"), _of_guardian(lambda g: g.masked_phone),
        full=_of_guardian(lambda g: g.phone), look="number", around="guardians",
    ),
    Column("stage", _("Stage of schooling"), lambda c, _a: c.get_school_stage_display()),
    Column("school", _("School"), lambda c, _a: c.school_name),
    Column("health", _("State of health"), lambda c, _a: c.get_health_status_display()),
    Column("insurance", _("Health insurance"), lambda c, _a: c.get_insurance_display()),
    Column("registered", _("Registered on"), lambda c, _a: _day(c.registered_date), order="registered", look="number"),
    Column("visited", _("Last visit"), lambda c, _a: _day(c.last_visit_date), order="visited", look="number"),
    Column("next", _("Next visit due"), lambda c, _a: _day(c.next_visit_date), order="due", look="due"),
    Column("left", _("Left the register on"), lambda c, _a: _day(c.left_date), order="left", look="number"),
    Column("reason", _("Reason for leaving"), lambda c, _a: c.get_left_reason_display()),
)  # fmt: skip
COLUMNS: dict[str, Column] = {column.key: column for column in _COLUMNS}

DESK = ("name", "risk", "category", "birth", "township", "village", "guardian", "phone", "visited", "next")
DEFAULTS: dict[str, tuple[str, ...]] = {
    Role.DIRECTOR: ("name", "risk", "category", "birth", "stage", "guardian", "phone", "visited", "next"),
    Role.SUPERVISOR: ("name", "risk", "category", "birth", "village", "guardian", "phone", "visited", "next"),
    Role.LEADER: ("name", "number", "risk", "category", "birth", "placement", "township", "village", "next"),
}
LEFT = ("left", "reason")


def default_keys(role: str, *, left: bool = False) -> tuple[str, ...]:
    """The columns that a role sees unless it chose others; of those who left, when and why they did."""
    keys = DEFAULTS.get(role, DESK)
    return (*(key for key in keys if key not in ("next", "risk")), *LEFT) if left else keys


def columns_of(cols: str, role: str, *, left: bool = False) -> list[Column]:
    """The columns named in an address (``name.risk.birth``), else the role's own; unknown names are left out."""
    chosen = [COLUMNS[key] for key in dict.fromkeys(cols.split(".")) if key in COLUMNS]
    return chosen or [COLUMNS[key] for key in default_keys(role, left=left)]


def with_parts(children: QuerySet[Child], columns: Iterable[Column], today: dt.date) -> QuerySet[Child]:
    """The rows with what the columns read, and without the encrypted fields that none of them shows.

    One query more for guardians and one for attributes, when a column asks for them.
    """
    shown = list(columns)
    unread = {"health_note", "phone", "id_number"} - {column.field for column in shown}
    wanted = {column.around for column in shown}
    in_force = Q(start_date__lte=today) & (Q(end_date__isnull=True) | Q(end_date__gte=today))
    children = children.defer(*sorted(unread))
    if "guardians" in wanted:
        guardians = Guardian.objects.filter(Q(end_date__isnull=True) | Q(end_date__gte=today)).defer(
            "id_number"
        )
        children = children.prefetch_related(Prefetch("guardians", guardians))
    if "attributes" in wanted:
        children = children.prefetch_related(Prefetch("attributes", ChildAttribute.objects.filter(in_force)))
    return children


def surroundings(children: Sequence[Child], today: dt.date) -> Surroundings:
    """Names of the villages and townships of some children. One query."""
    codes = {child.region_id for child in children} | {township_of(child.region_id) for child in children}
    return Surroundings(
        {region.pk: region.short_name for region in Region.objects.filter(pk__in=codes)}, today
    )


def row_of(child: Child, columns: Iterable[Column], around: Surroundings, *, full: bool = False) -> list[str]:
    """One line of text cells, in the order of the columns; numbers masked unless ``full``."""
    return [(column.full if full and column.full else column.text)(child, around) for column in columns]


def headings(columns: Iterable[Column]) -> list[str]:
    """The columns' headings in the active language."""
    return [str(column.label) for column in columns]


def cells_of(child: Child, columns: Iterable[Column], around: Surroundings) -> Iterator[dict[str, Any]]:
    """The cells of one row as the page shows them: ``look`` and ``text``."""
    for column in columns:
        yield {"look": column.look, "text": column.text(child, around)}

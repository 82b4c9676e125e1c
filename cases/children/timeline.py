"""Everything that happened to one child, newest first: this app's own rows, and the transitions on record.

Other apps' transitions are told by the labels of their own tables; more stands in their panels. The own rows
are read as one union of a common shape, so that the page costs few queries however much it tells.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import CharField, DateTimeField, F, OuterRef, Q, QuerySet, Subquery, Value, Window
from django.db.models.functions import Cast, Coalesce, Lag, Left, NullIf
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from cases.circumstances.enums import TransferState
from cases.enums import (
    Evidence,
    GuardianKind,
    LeaveReason,
    ParentSituationKind,
    Placement,
    PrimaryCategory,
    Relation,
    RiskLevel,
)
from cases.matching import kinds
from cases.models import (
    Case,
    Child,
    ChildMerge,
    Discrepancy,
    Guardian,
    ParentSituation,
    Payee,
    Transfer,
    Visit,
    VisitTask,
)
from cases.refusals import REVIEWERS
from cases.visits.enums import VisitKind, VisitState
from staff.models import TransitionRecord, User
from staff.policies import RestrictedRows
from staff.scope import current
from staff.status import ACTS

MOST = 300  # events on a page; a file of ten years has about that many
TEXT = 120  # characters of a visit's text
PAGES = {
    "cases.case": "cases:case",
    "cases.defect": "cases:defect",
    "referrals.referral": "referrals:referral",
    "subsidies.application": "subsidies:application",
    "subsidies.entitlement": "subsidies:entitlement",
}
ICONS = {"cases": "flag", "referrals": "heart-handshake", "subsidies": "cash"}
PARENTS = ParentSituation.Parent


@dataclass(frozen=True)
class Event:
    """One thing that happened. ``hot`` draws the eye."""

    at: dt.datetime
    icon: str
    title: str
    text: str = ""
    url: str = ""
    hot: bool = False

    def as_row(self) -> dict[str, Any]:
        """As the component ``timeline`` takes it."""
        return {
            "icon": self.icon,
            "title": self.title,
            "text": self.text,
            "url": self.url,
            "hot": self.hot,
            "date": self.at,
        }


@dataclass(frozen=True)
class Row:
    """The common shape of the union: when, two codes, two texts, who did it, and the key of a page."""

    source: str
    at: dt.datetime
    code: str
    other: str
    title: str
    text: str
    who: str
    key: int


def address(name: str, *args: Any) -> str:
    """The URL of a page of any app, empty when that app has none: pages compose by URL, not by import."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def timeline_of(child: Child, limit: int = MOST) -> list[Event]:
    """The newest ``limit`` events of a child. Two queries, and one for each kind that may be restricted."""
    first, *rest = _sources(child)
    rows = [
        Row(*values)
        for values in first.union(*rest, all=True).order_by("-x_at", "x_source", "-x_key")[:limit]
    ]
    events = [TELL[row.source](row) for row in rows] + list(_transitions(child, limit))
    return sorted(events, key=lambda event: event.at, reverse=True)[:limit]


# --- The union -------------------------------------------------------------------------------------------


def _shape(
    rows: QuerySet[Any],
    source: str,
    at: str,
    *,
    code: Any = "",
    other: Any = "",
    title: Any = "",
    text: Any = "",
    who: Any = "",
    key: str = "pk",
) -> QuerySet[Any, tuple[Any, ...]]:
    """Rows as tuples of the common shape. Arguments are field names or expressions; "" is an empty text."""

    def words(part: Any) -> Any:
        expression = F(part) if isinstance(part, str) and part else Value("") if part == "" else part
        return Coalesce(Cast(expression, CharField()), Value(""), output_field=CharField())

    return (
        rows.order_by()
        .annotate(
            x_source=Value(source, CharField()),
            x_at=Cast(at, DateTimeField()),
            x_code=words(code),
            x_other=words(other),
            x_title=words(title),
            x_text=words(text),
            x_who=words(who),
            x_key=F(key),
        )
        .values_list("x_source", "x_at", "x_code", "x_other", "x_title", "x_text", "x_who", "x_key")
    )


def _sources(child: Child) -> Iterator[QuerySet[Any, tuple[Any, ...]]]:
    visits = Visit.objects.filter(child=child).exclude(state=VisitState.DRAFT)
    yield _shape(
        visits,
        "visit",
        "visited_at",
        code="kind",
        other=Coalesce(F("state"), Value("")),
        title=_step("risk_before", "risk"),
        text=Left("text", TEXT),
        who="conducted_by__name",
    )
    yield _shape(_files(child), "registered", "registered_date", text="number")
    merges = ChildMerge.objects.filter(kept=child)
    yield _shape(
        merges.filter(undone_at=None), "merge", "at", title="merged__number", text="reason", who="user__name"
    )
    parted = {"title": "merged__number", "text": "undo_reason", "who": "undone_by__name"}
    yield _shape(merges.filter(undone_at__isnull=False), "merge_undone", "undone_at", **parted)
    yield from _changes(child)
    opened = Case.objects.filter(child__in=_files(child).values("pk"))
    yield _shape(opened, "case", "opened_at", title="title", who="opened_by__name")
    decided = Discrepancy.objects.filter(child=child, decided_at__isnull=False)
    yield _shape(
        decided, "discrepancy", "decided_at", code="kind", other="list_kind", title="state", text="reason"
    )
    guardians = Guardian.objects.filter(child=child)
    yield _shape(guardians, "guardian", "start_date", code="kind", other="relation", title="name")
    yield _shape(
        guardians.filter(end_date__isnull=False), "guardian_end", "end_date", other="relation", title="name"
    )
    parents = ParentSituation.objects.filter(child=child)
    shape = {"code": "kind", "other": "parent", "text": "evidence"}
    yield _shape(parents, "situation", "start_date", **shape)
    yield _shape(
        parents.filter(verified_date__isnull=False), "verified", "verified_date", **shape, who="verified_by"
    )
    yield _shape(parents.filter(end_date__isnull=False), "situation_end", "end_date", **shape)
    yield _shape(Payee.objects.filter(child=child), "payee", "start_date", title="name", text="bank_name")
    transfers = Transfer.objects.filter(child=child)
    ends = {"code": "state", "other": "region__name", "title": "to_region__name"}
    yield _shape(transfers, "transfer_asked", "proposed_at", **ends, text="reason", who="proposed_by__name")
    done = transfers.filter(decided_at__isnull=False)
    yield _shape(done, "transfer", "decided_at", **ends, text="counts__words", who="decided_by__name")
    tasks = VisitTask.objects.filter(child=child)
    yield _shape(tasks, "request", "asked_at", text="reason", who="asked_by__name")


def _files(child: Child) -> QuerySet[Child]:
    """The child's file and those that were merged into it."""
    return Child.objects.filter(Q(pk=child.pk) | Q(merged_into=child.pk))


def _step(before: str, after: str) -> Any:
    """The new code where it differs from the old one, else empty."""
    return Coalesce(NullIf(F(after), F(before)), Value(""), output_field=CharField())


def _changes(child: Child) -> Iterator[QuerySet[Any, tuple[Any, ...]]]:
    """What the history of the child's own row tells: every time one of these fields became another."""
    history = Child.pgh_event_model.objects.filter(pgh_obj_id__in=_files(child).values("pk"))  # type: ignore[attr-defined]
    who = Subquery(User.objects.filter(pk=OuterRef("pgh_user")).values("name")[:1])
    for field in ("risk", "primary_category", "placement", "left_reason"):
        former = Window(Lag(field), partition_by=F("pgh_obj_id"), order_by=F("pgh_id").asc())
        stepped = history.annotate(before=former).filter(Q(before__isnull=False) & ~Q(before=F(field)))
        if field == "left_reason":
            stepped = stepped.exclude(left_reason="").filter(merged_into__isnull=True)
        yield _shape(
            stepped,
            field,
            "pgh_created_at",
            code=field,
            other="before",
            text="pgh_reason",
            who=who,
            key="pgh_id",
        )


# --- How each is told ------------------------------------------------------------------------------------


def _said(*parts: Any) -> str:
    return " · ".join(str(part) for part in parts if part)


def _visit(row: Row) -> Event:
    suggests = _("suggests %(risk)s") % {"risk": RiskLevel(row.title).label} if row.title else ""
    text = _said(row.who, VisitState(row.other).label, suggests, row.text)
    return Event(
        row.at,
        "clipboard-text",
        str(VisitKind(row.code).label),
        text,
        address("cases:visit", row.key),
        hot=True,
    )


def _risk(row: Row) -> Event:
    worse = RiskLevel(row.code).is_worse_than(RiskLevel(row.other))
    title = _("Risk raised to %(risk)s") if worse else _("Risk lowered to %(risk)s")
    return Event(
        row.at,
        "alert-triangle",
        title % {"risk": RiskLevel(row.code).label},
        _said(row.who, row.text),
        hot=worse,
    )


def _guardian(row: Row) -> Event:
    who = f"{row.title}（{Relation(row.other).label}）"
    if row.source == "guardian_end":
        return Event(row.at, "users", _("%(who)s is guardian or caregiver no longer") % {"who": who})
    return Event(row.at, "users", f"{GuardianKind(row.code).label}{_(': ')}{who}")


def _situation(row: Row) -> Event:
    what = f"{PARENTS(row.other).label}{_(': ')}{ParentSituationKind(row.code).label}"
    if row.source == "verified":
        return Event(row.at, "shield-check", _("Verified: %(what)s") % {"what": what}, row.who)
    if row.source == "situation_end":
        return Event(row.at, "user", _("Ended: %(what)s") % {"what": what})
    return Event(row.at, "user", what, str(Evidence(row.text).label) if row.text else "")


def _discrepancy(row: Row) -> Event:
    title = f"{kinds.name_of(row.other)}{_(': ')}{Discrepancy.Kind(row.code).label}"
    text = _said(str(Discrepancy.State(row.title).label), row.text)
    return Event(row.at, "arrows-left-right", title, text, address("cases:discrepancy", row.key))


def _changed(icon: str, title: Any, codes: Any) -> Callable[[Row], Event]:
    return lambda row: Event(
        row.at, icon, title() % {"what": codes(row.code).label}, _said(row.who, row.text)
    )


def _transfer(row: Row) -> Event:
    if row.source == "transfer_asked":
        title = _("Transfer proposed: %(old)s → %(new)s")
    elif row.code == TransferState.ACCEPTED:
        title = _("Transferred: %(old)s → %(new)s")
    else:
        title = _("Transfer not made: %(old)s → %(new)s")
    words = row.text.strip('"') if row.source == "transfer" else row.text
    return Event(
        row.at,
        "arrows-left-right",
        title % {"old": row.other, "new": row.title},
        _said(row.who, words),
        address("cases:transfer", row.key),
        hot=row.code == TransferState.ACCEPTED,
    )


def _merge(row: Row) -> Event:
    undo = address("cases:merge_undo", row.key) if current().role in REVIEWERS else ""
    title = _("File %(number)s was merged into this one") % {"number": row.title}
    return Event(row.at, "users", title, _said(row.who, row.text), undo, hot=True)


TELL: dict[str, Callable[[Row], Event]] = {
    "merge": _merge,
    "merge_undone": lambda row: Event(
        row.at,
        "arrow-back-up",
        _("The merge with file %(number)s was undone") % {"number": row.title},
        _said(row.who, row.text),
    ),
    "transfer": _transfer,
    "transfer_asked": _transfer,
    "visit": _visit,
    "registered": lambda row: Event(row.at, "folder-open", _("Registered"), row.text),
    "risk": _risk,
    "primary_category": _changed("file-check", lambda: _("Category changed to %(what)s"), PrimaryCategory),
    "placement": _changed("home", lambda: _("Placement changed to %(what)s"), Placement),
    "left_reason": _changed("archive", lambda: _("Left the register: %(what)s"), LeaveReason),
    "case": lambda row: Event(
        row.at,
        "flag",
        _("Case opened: %(title)s") % {"title": row.title},
        row.who,
        address("cases:case", row.key),
        hot=True,
    ),
    "discrepancy": _discrepancy,
    "guardian": _guardian,
    "guardian_end": _guardian,
    "situation": _situation,
    "verified": _situation,
    "situation_end": _situation,
    "payee": lambda row: Event(row.at, "cash", _("Payee: %(name)s") % {"name": row.title}, row.text),
    "request": lambda row: Event(
        row.at, "calendar-event", _("A visit was asked for"), _said(row.who, row.text)
    ),
}


# --- Transitions -----------------------------------------------------------------------------------------


def _transitions(child: Child, limit: int) -> Iterator[Event]:
    """Transitions of everything that belongs to the child, but visits and transfers, whose own rows tell, and calls to the
    family, whose words are for those who check.

    A record of something restricted is shown only to those who may see the thing itself.
    """
    records = list(
        TransitionRecord.objects.filter(child_id__in=_files(child).values("pk"))
        .exclude(subject__in=("cases.visit", "cases.transfer", "cases.spotcheck"))
        .select_related("user")
        .order_by("-at", "pk")[:limit]
    )
    seen = {
        subject: _visible(subject, records)
        for subject in {record.subject for record in records}
        if _may_be_restricted(subject)
    }
    for record in records:
        if record.subject in seen and record.subject_id not in seen[record.subject]:
            continue
        model: Any = apps.get_model(record.subject)
        step = model.workflow.by_name.get(record.name)
        label = step.label if step else ACTS.get(record.name, record.name)
        page = PAGES.get(record.subject, "")
        yield Event(
            record.at,
            ICONS.get(model._meta.app_label, "history"),
            f"{model._meta.verbose_name}{_(': ')}{label}",
            _said(record.user.name if record.user else "", record.reason),
            address(page, record.subject_id) if page else "",
        )


def _may_be_restricted(subject: str) -> bool:
    return any(isinstance(rule, RestrictedRows) for rule in apps.get_model(subject)._meta.constraints)


def _visible(subject: str, records: Iterable[TransitionRecord]) -> set[str]:
    """Keys of the subject's rows that the reader may see."""
    ids = {record.subject_id for record in records if record.subject == subject}
    return {str(pk) for pk in apps.get_model(subject).objects.filter(pk__in=ids).values_list("pk", flat=True)}

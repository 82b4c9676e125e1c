"""Everything that happened to one child, newest first, from this app's own rows and the transitions on record.

Other apps' transitions are told by the labels of their own tables; what they add beside stands in their panels.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.apps import apps
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.enums import LeaveReason, Placement, PrimaryCategory, RiskLevel
from cases.models import Case, Child, Discrepancy, Guardian, ParentSituation, Payee, Visit, VisitTask
from staff.models import TransitionRecord, User

MOST = 200  # rows of each kind; a file of ten years has about that many visits
PAGES = {
    "cases.case": "cases:case",
    "referrals.referral": "referrals:referral",
    "subsidies.application": "subsidies:application",
    "subsidies.entitlement": "subsidies:entitlement",
}
ICONS = {"cases": "flag", "referrals": "heart-handshake", "subsidies": "cash"}


@dataclass(frozen=True)
class Event:
    """One thing that happened. ``on`` is a day or a moment; ``hot`` draws the eye."""

    on: dt.date | dt.datetime
    icon: str
    title: str
    text: str = ""
    url: str = ""
    hot: bool = False

    @property
    def moment(self) -> dt.datetime:
        """For sorting: a day counts as its beginning."""
        if isinstance(self.on, dt.datetime):
            return self.on
        return timezone.make_aware(dt.datetime.combine(self.on, dt.time()))

    def as_row(self) -> dict[str, Any]:
        """As the component ``timeline`` takes it."""
        return {
            "icon": self.icon,
            "title": self.title,
            "text": self.text,
            "url": self.url,
            "hot": self.hot,
            "date": self.on,
        }


def address(name: str, *args: Any) -> str:
    """The URL of a page of any app, empty when that app has none: pages compose by URL, not by import."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def timeline_of(child: Child, limit: int = MOST) -> list[Event]:
    """The newest ``limit`` events of a child. About nine queries, each bounded."""
    sources = (
        _changes(child),
        _visits(child),
        _transitions(child),
        _cases(child),
        _family(child),
        _requests(child),
    )
    events = [event for source in sources for event in source]
    return sorted(events, key=lambda event: event.moment, reverse=True)[:limit]


def _visits(child: Child) -> Iterator[Event]:
    for visit in (
        Visit.objects.filter(child=child).exclude(state="draft").select_related("conducted_by")[:MOST]
    ):
        lines = [visit.conducted_by.name, visit.get_state_display(), visit.text[:120]]
        if visit.risk != visit.risk_before:
            lines.insert(1, _("suggests %(risk)s") % {"risk": RiskLevel(visit.risk).label})
        yield Event(
            visit.visited_at, "clipboard-text", visit.get_kind_display(), " · ".join(filter(None, lines)),
            address("cases:visit", visit.pk), hot=True,
        )  # fmt: skip


def _changes(child: Child) -> Iterator[Event]:
    """What the history of the child's own row tells: registered, risk, category, placement, left."""
    wanted = (
        "risk",
        "primary_category",
        "placement",
        "left_date",
        "left_reason",
        "pgh_created_at",
        "pgh_reason",
        "pgh_user",
    )
    rows = list(
        Child.pgh_event_model.objects.filter(pgh_obj_id=child.pk).order_by("-pgh_id").only(*wanted)[:MOST]
    )  # type: ignore[attr-defined]
    names = dict(
        User.objects.filter(pk__in={row.pgh_user for row in rows if row.pgh_user}).values_list("pk", "name")
    )
    yield Event(child.registered_date, "folder-open", _("Registered"), child.number)
    for new, old in pairwise(rows):
        because = " · ".join(filter(None, (names.get(new.pgh_user), new.pgh_reason)))
        if new.risk != old.risk:
            worse = RiskLevel(new.risk).is_worse_than(RiskLevel(old.risk))
            title = _("Risk raised to %(risk)s") if worse else _("Risk lowered to %(risk)s")
            yield Event(
                new.pgh_created_at,
                "alert-triangle",
                title % {"risk": RiskLevel(new.risk).label},
                because,
                hot=worse,
            )
        if new.primary_category != old.primary_category:
            title = _("Category changed to %(category)s") % {
                "category": PrimaryCategory(new.primary_category).label
            }
            yield Event(new.pgh_created_at, "file-check", title, because)
        if new.placement != old.placement:
            title = _("Placement changed to %(placement)s") % {"placement": Placement(new.placement).label}
            yield Event(new.pgh_created_at, "home", title, because)
        if new.left_date and not old.left_date:
            title = _("Left the register: %(reason)s") % {"reason": LeaveReason(new.left_reason).label}
            yield Event(new.left_date, "archive", title, because)


def _transitions(child: Child) -> Iterator[Event]:
    """Transitions of everything that belongs to the child. Visits tell their own state, so theirs are left out.

    A record is shown only when the reader may see what it is about: a restricted case has records, too.
    """
    records = list(
        TransitionRecord.objects.filter(child_id=child.pk)
        .exclude(subject="cases.visit")
        .select_related("user")
        .order_by("-at", "pk")[:MOST]
    )
    visible = {subject: _visible(subject, records) for subject in {record.subject for record in records}}
    for record in records:
        if record.subject_id not in visible[record.subject]:
            continue
        model: Any = apps.get_model(record.subject)
        transition = model.workflow.by_name.get(record.name)
        title = f"{model._meta.verbose_name}{_(': ')}{transition.label if transition else record.name}"
        text = " · ".join(filter(None, (record.user.name if record.user else "", record.reason)))
        page = PAGES.get(record.subject, "")
        yield Event(
            record.at,
            ICONS.get(model._meta.app_label, "history"),
            str(title),
            text,
            address(page, record.subject_id) if page else "",
        )


def _visible(subject: str, records: Iterable[TransitionRecord]) -> set[str]:
    ids = {record.subject_id for record in records if record.subject == subject}
    return {str(pk) for pk in apps.get_model(subject).objects.filter(pk__in=ids).values_list("pk", flat=True)}


def _cases(child: Child) -> Iterator[Event]:
    for case in Case.objects.filter(child=child)[:MOST]:
        yield Event(
            case.opened_at,
            "flag",
            _("Case opened: %(title)s") % {"title": case.title},
            url=address("cases:case", case.pk),
            hot=True,
        )
    for found in Discrepancy.objects.filter(child=child, decided_at__isnull=False)[:MOST]:
        yield Event(
            found.decided_at, "arrows-left-right", f"{found.get_list_kind_display()}{_(': ')}{found.get_kind_display()}",
            f"{found.get_state_display()} {found.reason}".strip(), address("cases:discrepancy", found.pk),
        )  # fmt: skip


def _family(child: Child) -> Iterator[Event]:
    for guardian in Guardian.objects.filter(child=child)[:MOST]:
        who = f"{guardian.name}（{guardian.get_relation_display()}）"
        yield Event(guardian.start_date, "users", f"{guardian.get_kind_display()}{_(': ')}{who}")
        if guardian.end_date:
            yield Event(
                guardian.end_date, "users", _("%(who)s is guardian or caregiver no longer") % {"who": who}
            )
    for situation in ParentSituation.objects.filter(child=child)[:MOST]:
        what = f"{situation.get_parent_display()}{_(': ')}{situation.get_kind_display()}"
        yield Event(situation.start_date, "user", what, situation.get_evidence_display())
        if situation.verified_date:
            yield Event(
                situation.verified_date,
                "shield-check",
                _("Verified: %(what)s") % {"what": what},
                situation.verified_by,
            )
        if situation.end_date:
            yield Event(situation.end_date, "user", _("Ended: %(what)s") % {"what": what})
    for payee in Payee.objects.filter(child=child)[:MOST]:
        yield Event(payee.start_date, "cash", _("Payee: %(name)s") % {"name": payee.name}, payee.bank_name)


def _requests(child: Child) -> Iterator[Event]:
    for task in VisitTask.objects.filter(child=child).select_related("asked_by")[:MOST]:
        by = task.asked_by.name if task.asked_by else ""
        yield Event(
            task.asked_at,
            "calendar-event",
            _("A visit was asked for"),
            " · ".join(filter(None, (by, task.reason))),
        )

"""What an approver decides, a page of it in a fixed number of queries: the differences, the money, and what speaks
against it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet, TextField, Value
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext as _

from cases.ages import age_on
from cases.eligibility.table import Answer
from cases.enums import PrimaryCategory
from cases.models import ChildAttribute, Discrepancy, Guardian
from staff import crypto
from staff.workflow import Actor
from subsidies.aid.enums import CheckMethod, CheckResult
from subsidies.applications.clocks import Clock, Desk
from subsidies.applications.evidence import evidence_cases
from subsidies.applications.file import decision_values
from subsidies.applications.pages import township_name
from subsidies.enums import ApplicationState, line_label
from subsidies.models import (
    Application,
    ApplicationCheck,
    ApplicationEvidence,
    Offset,
)
from subsidies.reckoning import rules
from subsidies.reckoning.months import first_month
from subsidies.reckoning.standards import Due, Standards
from subsidies.reckoning.steps import informs
from subsidies.terms.reading import TermsError

PAGE = 20


def seal_of(said: str) -> str:
    """What a row said, in 16 hexadecimal digits."""
    return crypto.digest(said, "approval")[:8].hex()


def waiting_applications() -> QuerySet[Application]:
    """What waits for confirmation, nearest deadline first."""
    return (
        Application.objects.filter(state=ApplicationState.TO_CONFIRM)
        .select_related("child", "scheme", "region__parent", "verified_by")
        .order_by(F("confirm_due_date").asc(nulls_last=True), "pk")
    )


class Money:
    """What schemes pay in a county; standards are read once for all of them."""

    def __init__(self, region_id: int, month: dt.date) -> None:
        self.region_id, self.month = region_id, month
        self._loaded: dict[int, Standards] = {}

    def standards(self, scheme: Any) -> Standards:
        if scheme.pk not in self._loaded:
            known = next(iter(self._loaded.values()), None)
            self._loaded[scheme.pk] = known.of(scheme) if known else Standards.load(scheme, self.region_id)
        return self._loaded[scheme.pk]

    def due(
        self,
        scheme: Any,
        category: str,
        placement: str,
        grade: str,
        offsets: Iterable[Offset] = (),
        also: Iterable[str] = (),
    ) -> Due | None:
        """What is due for the month; None when no standard is in force."""
        try:
            return self.standards(scheme).due(self.month, category, placement, offsets, grade, also)
        except (rules.NoRateError, rules.AmbiguousRateError, TermsError):
            return None


def steps_of(due: Due | None) -> list[dict[str, Any]]:
    """The steps of an amount: {label, amount}; the last is what is paid."""
    if due is None:
        return []
    return [
        {"label": line_label(line["label"]), "amount": Decimal(line["amount"])}
        for line in rules.explain(due.amount)
        if not informs(line)
    ]


# --- applications ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ApplicationRow:
    """One application as the approver sees it. ``problems``: why it is not decided without a look; ``own``: why not by
    this person at all.
    """

    application: Application
    place: str
    clock: Clock | None
    decision: dict[str, Any]
    category: str
    table_category: str
    checks: list[tuple[CheckMethod, CheckResult]]
    amount: Decimal | None
    steps: list[dict[str, Any]]
    problems: list[str]
    own: str

    @property
    def pk(self) -> int:
        return self.application.pk

    @property
    def name(self) -> str:
        return self.application.child.name

    @property
    def url(self) -> str:
        return reverse("subsidies:application", args=[self.pk])

    @property
    def is_clear(self) -> bool:
        return not self.problems and not self.own

    @property
    def seal(self) -> str:
        return seal_of(
            f"{self.pk}|{self.category}|{self.table_category}|{self.amount}|{len(self.problems)}|{self.own}"
        )


def application_rows(found: list[Application], actor: Actor, today: dt.date) -> list[ApplicationRow]:
    """Rows of a page of applications with child, scheme and region. A fixed number of queries."""
    if not found:
        return []
    desk = Desk.open(found[0].region_id, today)
    money = Money(found[0].region_id, first_month(today))
    known = _facts([a.pk for a in found], [a.child_id for a in found], today)
    return [
        _application_row(
            application,
            actor,
            desk,
            money,
            about=known["application", application.pk],
            child_facts=known["child", application.child_id],
        )
        for application in found
    ]


# Of an application or a child: (kind of fact, value, more).
Facts = list[tuple[str, str, str]]


def _facts(applications: list[int], children: list[int], today: dt.date) -> dict[tuple[str, int], Facts]:
    """What is on record about applications (evidence, checks) and their children. One query."""
    nothing = Value("", output_field=TextField())

    def part(
        rows: QuerySet[Any], of: str, key: str, kind: str, value: str, more: Any = nothing
    ) -> QuerySet[Any]:
        return rows.order_by().values_list(
            Value(of), F(key), Value(kind), Cast(value, TextField()), Cast(more, TextField())
        )

    mine, theirs = {"application__in": applications}, {"child__in": children}
    held = ChildAttribute.objects.filter(**theirs, start_date__lte=today, end_date__isnull=True)
    parts = [
        part(ApplicationEvidence.objects.filter(**mine), "application", "application_id", "evidence", "item"),
        part(
            ApplicationCheck.objects.filter(**mine),
            "application",
            "application_id",
            "check",
            "method",
            "result",
        ),
        part(
            Discrepancy.objects.filter(**theirs, state__in=Discrepancy.OPEN),
            *("child", "child_id", "discrepancy", "kind"),
        ),
        part(
            Guardian.objects.filter(**theirs, end_date__isnull=True),
            *("child", "child_id", "guardian", "name"),
        ),
        part(held, "child", "child_id", "attribute", "kind"),
    ]
    found: dict[tuple[str, int], Facts] = defaultdict(list)
    for of, key, *fact in parts[0].union(*parts[1:], all=True):
        found[of, key].append((fact[0], fact[1], fact[2]))
    return found


def _application_row(
    application: Application,
    actor: Actor,
    desk: Desk,
    money: Money,
    *,
    about: Facts,
    child_facts: Facts,
) -> ApplicationRow:
    child, decision = application.child, application.decision
    given = {value for kind, value, _more in about if kind == "evidence"}
    checks = [(CheckMethod(value), CheckResult(more)) for kind, value, more in about if kind == "check"]
    differing = sum(kind == "discrepancy" for kind, _value, _more in child_facts)
    guardians = {value for kind, value, _more in child_facts if kind == "guardian"}
    held = {value for kind, value, _more in child_facts if kind == "attribute"} | {child.primary_category}
    authorised = bool(application.applicant_name) and application.applicant_name not in guardians
    terms = money.standards(application.scheme).terms(money.month)
    table = decision.get("category", "") if decision.get("answer") == Answer.ELIGIBLE else ""
    held |= {table} if table else set()
    paid = [
        category for category in PrimaryCategory if category.value in held and category in terms.categories
    ]
    category = paid[0].value if paid else ""
    due = (
        money.due(application.scheme, category, child.placement, str(decision.get("grade", "")))
        if category
        else None
    )
    cases = evidence_cases(
        child, paid[:1], authorised=authorised, grown=age_on(child.birth_date, desk.today) >= terms.age_most
    )
    missing = [item for item in terms.evidence_for(*cases) if item.required and item.code not in given]
    shown = decision_values(decision)
    # What follows another right needs neither table nor check: the leading right went through both.
    tabled = category in TABLED and not terms.follows
    problems = []
    if not category:
        problems.append(_("The child's categories carry no allowance under this scheme."))
    elif tabled and not table:
        problems.append(_("Eligibility table: %(answer)s") % {"answer": shown.get("answer", "—")})
    elif tabled and table != category:
        problems.append(
            _("The table says %(table)s, the file %(file)s.")
            % {"table": label_of(table), "file": label_of(category)}
        )
    if category and due is None:
        problems.append(_("No standard is in force for this category and placement."))
    if missing:
        problems.append(
            _("Not on record: %(items)s") % {"items": "、".join(str(item.name) for item in missing)}
        )
    if shown.get("missing"):
        problems.append(_("Evidence of the parents' situations is incomplete."))
    if not checks and not terms.follows:
        problems.append(_("No check of the township is on record."))
    if any(result != CheckResult.CONFIRMS for _method, result in checks):
        problems.append(_("A check contradicts or leaves it open."))
    if differing:
        problems.append(_("Open discrepancies: %(count)d") % {"count": differing})
    return ApplicationRow(
        application,
        township_name(application),
        desk.clock(application),
        shown,
        category,
        table,
        checks,
        due.amount.total if due else None,
        steps_of(due),
        problems,
        own_step(actor, application.applied_by_id, application.verified_by_id, application.checked_by_id),
    )


# Categories that follow from the eligibility table of parents' situations.
TABLED = (PrimaryCategory.ORPHAN.value, PrimaryCategory.DE_FACTO_UNATTENDED.value)


def label_of(category: str) -> str:
    return str(PrimaryCategory(category).label) if category in PrimaryCategory.values else "—"


def own_step(actor: Actor, *earlier: int | None) -> str:
    """Why this person decides nothing about it; "" when they took no earlier step."""
    return _("You took an earlier step yourself.") if actor.user_id in earlier else ""

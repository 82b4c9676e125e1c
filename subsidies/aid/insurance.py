"""参保: who is to be insured at the county's cost, who is, and who lacks proof of cover (O-7, O-38).

Lists by person and year. Who is to be insured is the dated parameter ``insurance_funded``: categories by insurance.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.enums import Insurance
from cases.models import Child, ChildAttribute
from staff import parameters
from staff.enums import Role
from staff.scope import current
from staff.workflow import Actor
from subsidies.aid.enums import InsuranceKind, InsurancePayer
from subsidies.aid.refusals import AidRefused, check_duty
from subsidies.ledger.enums import Source
from subsidies.models import InsuranceCover

KEEPERS = (Role.CLERK,)
SHOWS = ("lacking", "unproven", "covered", "others")
UNPROVEN = Q(proof="", file__isnull=True)
# 医保 of the child's own file says the same as this year's cover.
ON_FILE = {
    InsurancePayer.GOVERNMENT: Insurance.FUNDED,
    InsurancePayer.SELF: Insurance.OWN,
    InsurancePayer.NONE: Insurance.NONE,
}


@dataclass(frozen=True)
class CoverData:
    """Cover of one child in one year. ``premium`` in yuan; ``source`` of funds where the government paid it."""

    payer: str
    premium: Decimal | None = None
    source: str = ""
    proof: str = ""


@dataclass(frozen=True)
class YearCounts:
    """Of those to be insured at the county's cost: how many there are, are covered, lack cover, lack proof."""

    due: int
    covered: int
    unproven: int

    @property
    def lacking(self) -> int:
        return self.due - self.covered


@dataclass(frozen=True)
class Cohort:
    """One insurance in one year: ``codes`` are the categories whose premium the county pays in full on the day."""

    kind: str
    year: int
    on: dt.date
    codes: tuple[str, ...]

    @classmethod
    def load(cls, kind: str, year: int, on: dt.date) -> Cohort:
        """With the county's parameter of the day; no codes for an insurance that it does not name. One query."""
        found = parameters.value(current().ranges[0][0], "insurance_funded", on)
        return cls(kind, year, on, tuple(found.get(kind, ())))

    def due(self) -> QuerySet[Child]:
        """Children on the register to be insured at the county's cost, by category or attribute, by key."""
        held = ChildAttribute.objects.filter(
            Q(end_date__isnull=True) | Q(end_date__gte=self.on), kind__in=self.codes
        ).order_by()
        return Child.objects.filter(
            Q(primary_category__in=self.codes) | Q(pk__in=held.values("child")), left_date__isnull=True
        ).order_by("pk")

    def covers(self) -> QuerySet[InsuranceCover]:
        """What is on record of this insurance and year."""
        return InsuranceCover.objects.filter(kind=self.kind, year=self.year)

    def paid(self) -> QuerySet[InsuranceCover]:
        """Cover of the child of the outer query that the government paid."""
        return self._of_child().filter(payer=InsurancePayer.GOVERNMENT)

    def _of_child(self) -> QuerySet[InsuranceCover]:
        return self.covers().filter(child=OuterRef("pk")).order_by()

    def listed(self, show: str) -> QuerySet[Child]:
        """Children of one of SHOWS: due without cover by the government; insured without proof; due and covered; and
        those insured who are not due. By key."""
        if show == "lacking":
            return self.due().filter(~Exists(self.paid()))
        if show == "unproven":
            insured = self._of_child().exclude(payer=InsurancePayer.NONE)
            return Child.objects.filter(Exists(insured.filter(UNPROVEN))).order_by("pk")
        if show == "covered":
            return self.due().filter(Exists(self.paid()))
        mine = self.covers().order_by().values("child")
        due = self.due().order_by().values("pk")
        return Child.objects.filter(pk__in=mine).exclude(pk__in=due).order_by("pk")

    def counts(self) -> YearCounts:
        """Of those due. One query."""
        row = (
            self.due()
            .order_by()
            .aggregate(
                due=Count("pk"),
                covered=Count("pk", filter=Exists(self.paid())),
                unproven=Count("pk", filter=Exists(self.paid().filter(UNPROVEN))),
            )
        )
        return YearCounts(**row)


def premiums(kind: str, year: int) -> list[tuple[str, int, Decimal]]:
    """Premiums the government paid, by source: (label, persons, yuan). One query."""
    rows: QuerySet[Any, dict[str, Any]] = cast(
        "Any",
        InsuranceCover.objects.filter(kind=kind, year=year, payer=InsurancePayer.GOVERNMENT).order_by(),
    )
    summed = rows.values("source").annotate(persons=Count("pk"), yuan=Sum("premium"))
    found = {row["source"]: row for row in summed}
    return [
        (str(source.label), found[source.value]["persons"], found[source.value]["yuan"])
        for source in Source
        if source.value in found
    ]


def check(data: CoverData) -> None:
    """AidRefused for a cover that says too little."""
    if data.payer not in InsurancePayer.values:
        raise AidRefused(_("Say who paid the premium."))
    if data.premium is not None and data.premium < 0:
        raise AidRefused(_("An amount is never below nothing."))
    if data.payer == InsurancePayer.GOVERNMENT:
        if not data.premium or data.premium <= 0 or data.source not in Source.values:
            raise AidRefused(_("Write the premium and which funds paid it."))
    elif data.source:
        raise AidRefused(_("Only a premium that the government paid has a source of funds."))


def set_cover(
    *, actor: Actor, at: dt.datetime, child: Child, year: int, kind: str, data: CoverData
) -> InsuranceCover:
    """Record or correct the cover of one child. AidRefused for what :func:`check` refuses."""
    write_covers(actor=actor, at=at, year=year, kind=kind, covers={child: data})
    return InsuranceCover.objects.get(child=child, year=year, kind=kind)


def write_covers(
    *, actor: Actor, at: dt.datetime, year: int, kind: str, covers: dict[Child, CoverData]
) -> int:
    """Record covers of many children, all or none; returns how many were new or changed. A few queries however many.

    The medical insurance of the present year is also what the child's file says.
    """
    check_duty(actor, KEEPERS)
    for data in covers.values():
        check(data)
    kind = InsuranceKind(kind)
    with transaction.atomic():
        known = {
            row.child_id: row
            for row in InsuranceCover.objects.filter(
                child__in=[child.pk for child in covers], year=year, kind=kind
            ).select_for_update(of=("self",))
        }
        new, changed = [], []
        for child, data in covers.items():
            row = known.get(child.pk)
            if row is None:
                row = InsuranceCover(child=child, region_id=child.region_id, year=year, kind=kind)
                new.append(row)
            elif _says(row) == (data.payer, data.premium, data.source, data.proof.strip()):
                continue
            else:
                changed.append(row)
            row.payer, row.premium, row.source = data.payer, data.premium, data.source
            row.proof, row.user_id, row.at = data.proof.strip()[:120], actor.user_id, at
        InsuranceCover.objects.bulk_create(new)
        InsuranceCover.objects.bulk_update(
            changed, ["payer", "premium", "source", "proof", "user", "at"], batch_size=500
        )
        if kind == InsuranceKind.MEDICAL and year == timezone.localdate(at).year:
            _tell_the_files(covers)
    return len(new) + len(changed)


def _says(row: InsuranceCover) -> tuple[str, Decimal | None, str, str]:
    return row.payer, row.premium, row.source, row.proof


def _tell_the_files(covers: dict[Child, CoverData]) -> None:
    for payer, value in ON_FILE.items():
        ids = [child.pk for child, data in covers.items() if data.payer == payer]
        if ids:
            Child.objects.filter(pk__in=ids).exclude(insurance=value).update(insurance=value)


def of_child(child_id: int) -> list[InsuranceCover]:
    """For the child's panel, latest year first."""
    return list(InsuranceCover.objects.filter(child_id=child_id).order_by("-year", "kind")[:6])

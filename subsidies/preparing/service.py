"""One month's batch from beginning to end, in one transaction: a worker that dies leaves nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.db import connection, transaction
from django.db.models import Count, Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.ages import add_months
from cases.circumstances.enums import HelpForm
from staff.enums import RegionLevel, Role
from staff.models import Region, TransitionRecord
from staff.workflow import Actor
from subsidies.enums import BatchKind, BatchState, PaymentState
from subsidies.ledger import entries as ledger
from subsidies.models import Entitlement, Payment, PaymentBatch, Scheme
from subsidies.preparing import anomalies, answers, facts, lines, tables
from subsidies.preparing.covered import decided_from
from subsidies.preparing.periods import Period, periods_between
from subsidies.preparing.refusals import BatchRefused
from subsidies.preparing.tables import Work
from subsidies.reckoning import rules
from subsidies.reckoning.months import month_of
from subsidies.reckoning.standards import Standards
from subsidies.recovery import corrections

# Step, number of steps, what is being done.
Report = Callable[[int, int, str], None]
STEPS = 6


def present_batch(region_id: int, scheme: Scheme, month: dt.date) -> PaymentBatch | None:
    """The month's batch that was not returned, or None."""
    return _batches(region_id, scheme).filter(month=month).first()


def _batches(region_id: int, scheme: Scheme) -> QuerySet[PaymentBatch]:
    found = PaymentBatch.objects.filter(region_id=region_id, scheme=scheme, kind=BatchKind.REGULAR)
    return found.exclude(state=BatchState.RETURNED)


def check_start(actor: Actor, region: Region, scheme: Scheme, month: dt.date, today: dt.date) -> None:
    """Raises BatchRefused when this person, county or month cannot have a batch prepared now."""
    if actor.role != Role.CLERK:
        raise BatchRefused(_("Your post does not have this duty."))
    if region.level != RegionLevel.COUNTY:
        raise BatchRefused(_("A batch belongs to a county."))
    if _batches(region.pk, scheme).filter(month__gt=month).exists():
        # The later batch has already paid this month as arrears where it was owed.
        raise BatchRefused(
            _("A later month has been prepared already. What this month owes is paid there as arrears.")
        )
    if month > add_months(month_of(today), 1):
        # It would also close every month before it.
        raise BatchRefused(
            _("%(month)s lies too far ahead: at most the coming month is worked out.")
            % {"month": f"{month:%Y-%m}"}
        )


def prepare_batch(
    *,
    actor: Actor,
    at: dt.datetime,
    region: Region,
    scheme: Scheme,
    month: dt.date,
    report: Report | None = None,
) -> PaymentBatch:
    """Work out the month: amounts, standards, explanations, payees and accounts are frozen line by line.

    A scheme that is paid by longer periods has its regular lines in the batch of a period's first month; the batch of
    any other month holds what the running period still owes. Idempotent: when the month has a batch that was not
    returned, that batch comes back unchanged. ``report`` may raise to stop the work. Raises BatchRefused.
    """
    month = month_of(month)

    def tell(step: int, text: str) -> None:
        if report is not None:
            report(step, STEPS, text)

    with transaction.atomic(), connection.cursor() as cursor:
        lock(region.pk, scheme.pk)
        if present := present_batch(region.pk, scheme, month):
            return present
        check_start(actor, region, scheme, month, timezone.localdate(at))
        tell(0, _("Reading standards and entitlements"))
        standards = Standards.load(scheme, region.pk)
        if standards.terms(month).unit != HelpForm.MONEY:
            raise BatchRefused(
                _(
                    "This scheme gives no money in %(month)s but goods or services: nothing goes through the bank."
                )
                % {"month": f"{month:%Y-%m}"}
            )
        batch = PaymentBatch.objects.create(
            region=region,
            scheme=scheme,
            month=month,
            number=_next_number(region, month),
            prepared_by_id=actor.user_id,
            prepared_at=at,
        )
        work = work_of(batch, standards, timezone.localdate(at))
        periods = _periods(work, standards)
        batch.rule_digests = corrections.digests(standards, periods)
        tables.create(cursor)
        tables.add_periods(cursor, periods, standards)
        corrections.mark_changes(
            work, periods, batch.rule_digests, corrections.previous_batch(region.pk, scheme.pk, month)
        )
        corrections.mark_without_end(work)
        corrections.take_marks(work)
        facts.collect(work)
        tell(1, _("Working out the amounts"))
        answers.answer(standards)
        tell(2, _("Comparing earlier months"))
        corrections.find(work)
        tell(3, _("Writing the lines"))
        lines.write(work)
        corrections.propose_recoveries(work)
        tell(4, _("Looking for exceptions"))
        anomalies.look(work, standards.terms(month), lambda: tell(4, _("Looking for exceptions")))
        tell(5, _("Adding up"))
        count(batch)
        record(batch, "prepare", actor, at)
        tell(STEPS, _("Adding up"))
    return batch


def lock(region_id: int, scheme_id: int) -> None:
    """Until the transaction ends nobody else works out what the county owes under the scheme."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"batch {region_id} {scheme_id}"]
        )


def work_of(batch: PaymentBatch, standards: Standards, day: dt.date, month: dt.date | None = None) -> Work:
    """What is worked out for a batch. Periods before ``month`` (the batch's own unless given) are corrected."""
    month = month or batch.month
    region, scheme = batch.region, batch.scheme
    first = _batches(region.pk, scheme).aggregate(month=Min("month"))["month"]
    return Work(
        region_id=region.pk,
        low=region.lo,
        high=region.hi,
        scheme_id=scheme.pk,
        scheme_code=scheme.code,
        month=month,
        day=day,
        first=first,
        batch_id=batch.pk,
        age=decided_from(standards, batch.month),
    )


def _periods(work: Work, standards: Standards) -> list[Period]:
    """Every period that may be reckoned: from the first that an entitlement of an application covers, or the first
    batch, to the batch's own month. What is given in goods or services is never owed in money later.
    """
    applied = Entitlement.objects.filter(
        region__gte=work.low,
        region__lte=work.high,
        scheme_id=work.scheme_id,
        application__isnull=False,
        start_month__lt=work.first,
    ).aggregate(month=Min("start_month"))["month"]
    first = min(applied or work.first, work.first)
    return [
        period
        for period in periods_between(first, work.month, lambda month: standards.terms(month).cadence)
        if period.month <= work.month and standards.terms(period.month).unit == HelpForm.MONEY
    ]


def _next_number(region: Region, month: dt.date) -> str:
    # Two schemes are worked out at once: the second waits for the number of the first.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"batch number {region.pk} {month}"]
        )
    used = PaymentBatch.objects.filter(region=region, month=month).count()
    return f"PB-{month:%Y%m}-{used + 1:02d}"


def count(batch: PaymentBatch) -> None:
    """Write what goes to the bank, by source of funds: lines neither held back nor of nothing."""
    going = Payment.objects.filter(batch=batch, state__in=(PaymentState.PREPARED, PaymentState.SENT))
    sums = going.aggregate(lines=Count("pk"), children=Count("child_id", distinct=True), **ledger.SUMS)
    funding = {source: sums[source] or rules.ZERO for source in ledger.SUMS}
    batch.line_count, batch.child_count = sums["lines"], sums["children"]
    batch.funding = {source: str(yuan) for source, yuan in funding.items() if yuan}
    batch.total = sum(funding.values(), rules.ZERO)
    batch.save(update_fields=["line_count", "child_count", "total", "funding", "rule_digests"])


def record(
    batch: PaymentBatch, name: str, actor: Actor, at: dt.datetime, reason: str = "", code: str = ""
) -> None:
    """Write into the batch's history what was done beside its workflow."""
    TransitionRecord.objects.create(
        subject=batch._meta.label_lower,
        subject_id=str(batch.pk),
        region_id=batch.region_id,
        name=name,
        source="" if name == "prepare" else batch.state,
        target=batch.state,
        user_id=actor.user_id or None,
        assignment_id=actor.assignment_id,
        role=actor.role,
        at=at,
        reason_code=code,
        reason=reason,
    )

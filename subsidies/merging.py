"""What two files that become one mean for money: never two rights under one scheme, and what was paid stays paid.

Entitlements and applications follow the child; payments, and what of them is asked back, stay with the file that was
paid, and are found through the entitlement they were made for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from django.utils.translation import gettext as _

from cases.ages import add_months
from cases.duplicates.merge_rows import SETTLE, Context, Moved, Values, keeps_to_its_file, on_stay
from cases.duplicates.merging import Finding, before_merge
from cases.models import Child
from subsidies.enums import ApplicationState, EntitlementState, PaymentKind, PaymentState
from subsidies.models import Application, Entitlement, Payment, Recalculation

keeps_to_its_file("subsidies.Payment")
keeps_to_its_file("subsidies.Recovery")

DECIDED = (ApplicationState.CONFIRMED, ApplicationState.REFUSED, ApplicationState.WITHDRAWN)
REACHED_THE_CHILD = (PaymentState.PREPARED, PaymentState.SENT, PaymentState.PAID)


def _cut(row: Entitlement, context: Context) -> tuple[Values, bool]:
    """Months of one child are due once: a right of the merged file gives way to one of the kept file in the same months.

    What was paid in them a second time is found by the next batch. A right that lasted longer than the other stays.
    """
    others = Entitlement.objects.filter(child=context.kept, scheme_id=row.scheme_id).order_by("start_month")
    for other in others:
        if other.end_month is not None and other.end_month < row.start_month:
            continue
        if other.end_month is not None and (row.end_month is None or row.end_month > other.end_month):
            return {}, False
        if row.state != EntitlementState.ENDED:
            return {}, False
        return {"end_month": add_months(max(other.start_month, row.start_month), -1)}, True
    return {}, False


SETTLE["subsidies.Entitlement"] = _cut


@on_stay("subsidies.Recalculation")
def earliest_month(row: Recalculation, context: Context, moved: Moved) -> None:
    """Both files wait to be reckoned again: the kept one from the earlier month."""
    waiting = Recalculation.objects.filter(
        child=context.kept, scheme_id=row.scheme_id, batch__isnull=True
    ).first()
    if row.batch_id is None and waiting is not None and row.from_month < waiting.from_month:
        moved.change(waiting, {"from_month": row.from_month})


@before_merge
def rights_of_both(kept: Child, merged: Child) -> Iterator[Finding]:
    """Refuse while both files hold something open under one scheme, naming what to end; tell what was paid twice."""
    files = {kept.pk: kept, merged.pk: merged}
    held: dict[int, dict[int, str]] = defaultdict(dict)  # scheme → file → what is open
    rights = Entitlement.objects.filter(child__in=files).exclude(state=EntitlementState.ENDED)
    for right in rights.select_related("scheme").order_by("pk"):
        held[right.scheme_id][right.child_id] = _("entitlement to %(scheme)s from %(month)s") % {
            "scheme": right.scheme,
            "month": f"{right.start_month:%Y-%m}",
        }
    asked = Application.objects.filter(child__in=files).exclude(state__in=DECIDED)
    for application in asked.select_related("scheme").order_by("pk"):
        held[application.scheme_id].setdefault(
            application.child_id,
            _("application for %(scheme)s of %(day)s")
            % {"scheme": application.scheme, "day": f"{application.applied_at:%Y-%m-%d}"},
        )
    for _scheme, found in sorted(held.items()):
        if len(found) == 2:
            yield (
                "refuse",
                _(
                    "Both files have money under way: %(kept)s (%(first)s), %(merged)s (%(second)s). End one first."
                )
                % {
                    "kept": kept.number,
                    "first": found[kept.pk],
                    "merged": merged.number,
                    "second": found[merged.pk],
                },
            )
    yield from _paid_twice(files)


def _paid_twice(files: dict[int, Child]) -> Iterator[Finding]:
    lines = Payment.objects.filter(
        child__in=files, cancelled=False, kind=PaymentKind.REGULAR, state__in=REACHED_THE_CHILD
    ).select_related("scheme")
    for scheme, paid in groupby(lines.order_by("scheme_id", "month", "pk"), key=attrgetter("scheme")):
        months = [list(rows) for _month, rows in groupby(paid, key=attrgetter("month"))]
        twice = [rows for rows in months if len({row.child_id for row in rows}) == 2]
        if twice:
            amount = sum((min(row.amount for row in rows) for rows in twice), Decimal())
            yield (
                "note",
                _(
                    "Both files were paid under %(scheme)s in %(count)s months (%(first)s to %(last)s): "
                    "%(amount)s yuan were paid twice. The next batch proposes to ask them back."
                )
                % {
                    "scheme": scheme,
                    "count": len(twice),
                    "first": f"{twice[0][0].month:%Y-%m}",
                    "last": f"{twice[-1][0].month:%Y-%m}",
                    "amount": f"{amount:,.2f}",
                },
            )

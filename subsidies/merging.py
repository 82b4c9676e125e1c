"""What two files that become one mean for money: never two rights under one scheme, and what was paid stays paid.

Entitlements and applications follow the child; payments stay with the file that was paid, and are found through the
entitlement they were made for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from django.utils.translation import gettext as _

from cases.merge_rows import keeps_to_its_file
from cases.merging import Finding, before_merge
from cases.models import Child
from subsidies.enums import ApplicationState, EntitlementState, PaymentKind, PaymentState
from subsidies.models import Application, Entitlement, Payment

keeps_to_its_file("subsidies.Payment")

DECIDED = (ApplicationState.CONFIRMED, ApplicationState.REFUSED, ApplicationState.WITHDRAWN)
REACHED_THE_CHILD = (PaymentState.PREPARED, PaymentState.SENT, PaymentState.PAID)


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
                    "%(amount)s yuan were paid twice. The merge does not recover them."
                )
                % {
                    "scheme": scheme,
                    "count": len(twice),
                    "first": f"{twice[0][0].month:%Y-%m}",
                    "last": f"{twice[-1][0].month:%Y-%m}",
                    "amount": f"{amount:,.2f}",
                },
            )

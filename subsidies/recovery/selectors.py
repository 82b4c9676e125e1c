"""Shaped reads of money that is asked back: the list with its filters, page by key, and the sums by township."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from cases import key_pages, ledger_exports
from staff.models import Region
from staff.models.region import township_of
from subsidies.ledger.enums import RecoveryPartKind, RecoveryState
from subsidies.models import Payment, Recovery, RecoveryPart
from subsidies.recovery import instalments
from subsidies.reviews.selectors import TOWNSHIP

SHOWS = ("open", "overdue", "proposed", "settled", "dropped")
EXPORT = "recoveries_export"
ZERO = Decimal("0.00")


@dataclass(frozen=True)
class RecoveryFilters:
    """What the list shows, as in its address."""

    show: str = "open"
    scheme: int | None = None
    region: int | None = None

    def address(self, **changes: Any) -> str:
        """The query string with some filters changed; empty values are left out."""
        changed = replace(self, **changes)
        values = {one.name: getattr(changed, one.name) for one in fields(changed)}
        return "?" + urlencode({name: value for name, value in values.items() if value})

    def as_arguments(self) -> dict[str, Any]:
        """As JSON keeps it for a job."""
        return asdict(self)

    def narrowed(self) -> QuerySet[Recovery]:
        """Recoveries of the chosen scheme and place, in whatever state."""
        found: QuerySet[Recovery] = Recovery.objects.all()
        if self.scheme:
            found = found.filter(scheme_id=self.scheme)
        if self.region:
            place = Region.objects.filter(pk=self.region).first()
            found = found.filter(region_id__gte=place.lo, region_id__lte=place.hi) if place else found.none()
        return found

    def recoveries(self, today: dt.date) -> QuerySet[Recovery]:
        """Everything the filters let through."""
        if self.show == "overdue":
            return instalments.overdue(self.narrowed(), today)
        return self.narrowed().filter(state=self.show)


@dataclass(frozen=True)
class RecoveryPage:
    """One page of the list, the latest month first, and what all of it comes to. ``count`` stops at COUNTED + 1."""

    rows: list[Recovery]
    later: str
    count: int

    @property
    def is_capped(self) -> bool:
        """There are more than were counted."""
        return self.count > key_pages.COUNTED


def page_of(filters: RecoveryFilters, today: dt.date, *, after: str = "") -> RecoveryPage:
    """The page that follows the key ``after``. At most four queries."""
    found = filters.recoveries(today)
    count = found.order_by()[: key_pages.COUNTED + 1].count()
    listed = found.select_related("scheme").defer("explanation", "funding")
    shown = key_pages.beyond(listed, "month", key_pages.read_key(after), down=True)
    rows, later = key_pages.cut(list(shown[: key_pages.PAGE + 1]), "month", filters.address())
    key_pages.name_places(rows)
    return RecoveryPage(rows, later, count)


def counts(filters: RecoveryFilters, today: dt.date) -> dict[str, int]:
    """How many wait: proposed, open, and open with an instalment that is late. One query over those alone."""
    waiting = filters.narrowed().filter(state__in=(RecoveryState.PROPOSED, RecoveryState.OPEN)).order_by()
    is_open = Q(state=RecoveryState.OPEN)
    return instalments.with_due(waiting, today).aggregate(
        proposed=Count("pk", filter=Q(state=RecoveryState.PROPOSED)),
        open=Count("pk", filter=is_open),
        overdue=Count("pk", filter=is_open & Q(recovered__lt=F("due_by_now"))),
    )


@dataclass(frozen=True)
class TownshipSum:
    """One line of the sums: months, yuan paid too much, paid back so far, waived."""

    region: Region
    months: int
    amount: Decimal
    paid_back: Decimal
    waived: Decimal

    @property
    def left(self) -> Decimal:
        return self.amount - self.paid_back - self.waived


def by_township(filters: RecoveryFilters, today: dt.date) -> list[TownshipSum]:
    """What the list comes to by township, in the order of their codes. Three queries."""
    wide = replace(filters, region=None).recoveries(today).order_by()
    rows = list(
        wide.annotate(township=TOWNSHIP)
        .values("township")
        .annotate(
            months=Count("pk"),
            amount=Sum(F("amount") - F("due_after_all")),
            settled=Sum(F("recovered") - F("due_after_all")),
        )
        .order_by("township")
    )
    parts = RecoveryPart.objects.filter(kind=RecoveryPartKind.PAID_BACK, recovery__in=wide.values("pk"))
    paid_back = dict(
        parts.order_by().annotate(township=TOWNSHIP).values_list("township").annotate(sum=Sum("amount"))
    )
    places = Region.objects.in_bulk([row["township"] for row in rows])
    found = []
    for row in rows:
        if (place := places.get(row["township"])) is None:
            continue
        back = paid_back.get(row["township"], ZERO)
        found.append(TownshipSum(place, row["months"], row["amount"], back, row["settled"] - back))
    return found


def owed_by(child_id: int) -> list[Recovery]:
    """Every open recovery of a child, the earliest month first."""
    found = Recovery.objects.filter(Q(child_id=child_id) | Q(entitlement__child_id=child_id))
    return list(found.filter(state=RecoveryState.OPEN).select_related("scheme").order_by("month", "pk"))


def lines_of_month(recovery: Recovery) -> list[Payment]:
    """What was paid to the child for the month, as it was frozen, in order; also for a file that was merged. One query."""
    lines = Payment.objects.filter(
        Q(child_id=recovery.child_id) | Q(entitlement_id=recovery.entitlement_id),
        scheme_id=recovery.scheme_id,
        month=recovery.month,
        cancelled=False,
        amount__gt=0,
    )
    return list(lines.select_related("batch").order_by("sequence", "pk"))


# --- Spreadsheet -------------------------------------------------------------------------------------------------


def _count(arguments: dict[str, Any], today: dt.date) -> int:
    found = RecoveryFilters(**arguments).recoveries(today)
    return found.order_by()[: key_pages.COUNTED + 1].count()


@ledger_exports.ledger(EXPORT, _lazy("Money asked back"), count=_count, has_numbers=False)
def lines(arguments: dict[str, Any], today: dt.date, full: bool) -> Iterator[list[Any]]:
    """The list with what came back and what was waived, and its sum."""
    yield [
        *(_("Township"), _("Village"), _("Child"), _("Scheme"), _("Month"), _("Paid too much")),
        *(
            _("Paid back"),
            _("Waived"),
            _("Still owed"),
            _("Instalments"),
            _("First instalment due"),
            _("State"),
        ),
    ]
    found = RecoveryFilters(**arguments).recoveries(today)
    back = Sum("parts__amount", filter=Q(parts__kind=RecoveryPartKind.PAID_BACK))
    rows = list(
        found.annotate(back=back, left=F("amount") - F("recovered"))
        .select_related("scheme")
        .order_by("month", "pk")
    )
    key_pages.name_places(rows)
    sums = [ZERO, ZERO, ZERO, ZERO]
    for row in sorted(rows, key=lambda one: (township_of(one.region_id), one.month, one.pk)):
        paid_back: Any = row.back or ZERO
        waived = row.recovered - row.due_after_all - paid_back
        figures = [row.too_much, paid_back, waived, row.left]
        sums = [total + figure for total, figure in zip(sums, figures, strict=True)]
        yield [
            *(row.township, row.village, row.child_name, str(row.scheme), f"{row.month:%Y-%m}"),  # type: ignore[attr-defined]
            *figures,
            *(row.instalments, row.first_due_date, str(row.get_state_display())),
        ]
    yield [_("Total"), "", "", "", "", *sums, "", "", ""]

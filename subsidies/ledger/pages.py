"""What the pages of the ledger read: entries page by key, the postings of one, rows of the workbook."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from cases import key_pages
from cases.ages import end_of_month
from staff.access import may_open
from staff.models import User
from subsidies.forms import month_or_none, number_or_zero
from subsidies.ledger.entries import FLOWS
from subsidies.ledger.enums import Account, EntryKind, Source
from subsidies.models import JournalEntry, Posting

MOST = 20_000  # postings of one workbook


@dataclass(frozen=True)
class LedgerFilters:
    """What the ledger shows, as in its address. ``month``: 2026-10; ``year``: a budget year; ``batch``: a key."""

    kind: str = ""
    month: str = ""
    year: str = ""
    batch: str = ""

    @classmethod
    def read(cls, given: QueryDict) -> LedgerFilters:
        """Values that make no sense are left out."""
        month = month_or_none(given.get("month", ""))
        year = number_or_zero(given.get("year", ""))
        return cls(
            kind=given.get("kind", "") if given.get("kind", "") in EntryKind.values else "",
            month=f"{month:%Y-%m}" if month else "",
            year=str(year) if 2000 <= year <= 2100 else "",
            batch=str(number_or_zero(given.get("batch", "")) or ""),
        )

    def address(self, **changes: Any) -> str:
        """The query string with some filters changed; empty values are left out."""
        changed = replace(self, **changes)
        values = {one.name: getattr(changed, one.name) for one in fields(changed)}
        return "?" + urlencode({name: value for name, value in values.items() if value})

    def entries(self) -> QuerySet[JournalEntry]:
        found = JournalEntry.objects.all()
        if self.kind:
            found = found.filter(kind=self.kind)
        if month := month_or_none(self.month):
            found = found.filter(day__gte=month, day__lte=end_of_month(month))
        if self.year:
            found = found.filter(pk__in=Posting.objects.filter(year=self.year).order_by().values("entry_id"))
        if self.batch:
            found = found.filter(batch_id=int(self.batch))
        return found


@dataclass(frozen=True)
class LedgerPage:
    """One page of entries as rows, and the address of the next; empty at the end."""

    rows: list[dict[str, Any]]
    later: str


def page_of(filters: LedgerFilters, *, after: str = "") -> LedgerPage:
    """The page that follows the key ``after``, latest first. Two queries."""
    found = key_pages.beyond(filters.entries(), "day", key_pages.read_key(after), down=True)
    found = found.select_related("user", "batch", "scheme")
    entries, later = key_pages.cut(list(found[: key_pages.PAGE + 1]), "day", filters.address())
    return LedgerPage(rows_of(entries), later)


def rows_of(entries: list[JournalEntry]) -> list[dict[str, Any]]:
    """Rows of a table of entries: what moved from where to where, by source. One query for the postings."""
    gained: dict[int, dict[str, Decimal]] = defaultdict(dict)
    postings = Posting.objects.filter(entry__in=entries, amount__gt=0).order_by("entry_id", "pk")
    for entry_id, source, amount in postings.values_list("entry_id", "source", "amount"):
        gained[entry_id][source] = gained[entry_id].get(source, Decimal(0)) + amount
    return [
        {
            "entry": entry,
            "flow": flow_text(entry.kind),
            "sources": [(Source(source).label, amount) for source, amount in gained[entry.pk].items()],
            "amount": sum(gained[entry.pk].values(), Decimal("0.00")),
        }
        for entry in entries
    ]


def flow_text(kind: str) -> str:
    """``Available → committed``; empty for a correction, which goes the other way round of what it corrects."""
    if kind not in FLOWS:
        return ""
    giving, gaining = FLOWS[EntryKind(kind)]
    return f"{giving.label} → {gaining.label}"


def links(entry: JournalEntry) -> list[dict[str, Any]]:
    """What the entry records: the batch, the bank's file, the instalment, the corrected entry."""
    found: list[dict[str, Any]] = []
    if entry.batch is not None:
        url = reverse("subsidies:batch", args=[entry.batch_id])
        found.append(
            {
                "label": _("Payment batch"),
                "value": entry.batch.number,
                "url": url if may_open(url) else "",
            }
        )
    if entry.result is not None:
        found.append({"label": _("Result file of the bank"), "value": entry.result.sha256[:12]})
    if entry.recovery_part is not None:
        found.append({"label": _("Instalment"), "value": str(entry.recovery_part.recovery)})
    if entry.corrects is not None:
        found.append(
            {
                "label": _("Corrects"),
                "value": str(entry.corrects),
                "url": reverse("subsidies:ledger_entry", args=[entry.corrects_id]),
            }
        )
    if (by := getattr(entry, "corrected_by", None)) is not None:
        found.append(
            {
                "label": _("Corrected by"),
                "value": str(by),
                "url": reverse("subsidies:ledger_entry", args=[by.pk]),
            }
        )
    return found


def header() -> list[str]:
    return [
        _("Entry"), _("Date"), _("Kind"), _("Ledger account"), _("Source of funds"), _("Budget year"), _("Amount (yuan)"),
        _("Scheme"), _("Payment batch"), _("Number of the document"), _("Note"), _("Person"),
    ]  # fmt: skip


def lines(filters: LedgerFilters) -> Iterable[list[Any]]:
    """One line a posting, oldest first, at most MOST. Amounts are numbers in the workbook."""
    names = dict(User.objects.values_list("pk", "name"))
    found = (
        Posting.objects.filter(entry__in=filters.entries().order_by())
        .select_related("entry__batch", "entry__scheme")
        .order_by("entry__day", "entry_id", "pk")
    )
    for posting in found[:MOST]:
        entry = posting.entry
        yield [
            entry.pk,
            entry.day,
            entry.get_kind_display(),
            Account(posting.account).label,
            Source(posting.source).label,
            posting.year,
            float(posting.amount),
            str(entry.scheme or ""),
            entry.batch.number if entry.batch else "",
            entry.document,
            entry.text,
            names.get(entry.user_id or 0, ""),
        ]

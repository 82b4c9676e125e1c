"""The files that go to the bank: written by a job after the release, in every layout that the county uses, and
archived with their sha256.

The release has committed state and ledger by then; the job changes neither. A file is written once: a job that died
is done again and gives the same bytes, one that has done its work finds it done.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import Any, cast

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import identity
from staff import files, jobs
from staff.enums import Role
from staff.models import Job, Region, StoredFile
from staff.models.region import township_of
from staff.workflow import Actor, TransitionRefused
from subsidies.bank import writing as bank_writing
from subsidies.bank.layouts import Layout, LayoutRefused, layouts_of
from subsidies.bank.writing import About, Line, Written
from subsidies.enums import BatchState, PaymentKind, PaymentState
from subsidies.models import BankFile, Payment, PaymentBatch

JOB = "subsidies.bank_files"
CHUNK = 2000
SENT = (PaymentState.SENT, PaymentState.PAID, PaymentState.FAILED)
CONTENT_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "txt": "text/plain",
}
# The name of a stored file follows from its batch and layout, so that a second attempt replaces what a first has left.
NAMESPACE = uuid.UUID("5b1c6f52-6f0e-4a35-9c0b-50d2b4f3a7d1")
Report = Callable[[int, int], None]


class FilesRefused(TransitionRefused):
    """The files cannot be written; the message names the remedy."""


def line_reference(number: str, line: int) -> str:
    """业务编号 of a line: batch number and line, unique in a county."""
    return f"{number}-{line:05d}"


def start_files(batch: PaymentBatch, at: dt.datetime) -> Job:
    """Queue the writing of a released batch's files."""
    return jobs.start(
        JOB,
        region_id=batch.region_id,
        arguments={"batch": batch.pk, "at": at.isoformat()},
        at=at,
        done_url=reverse("subsidies:batch", args=[batch.pk]),
    )


def latest_job(batch: PaymentBatch) -> Job | None:
    """The last job that was to write the batch's files, as far as the reader may see it."""
    found = Job.objects.filter(kind=JOB, region_id=batch.region_id, arguments__batch=batch.pk)
    return found.order_by("-created_at", "pk").first()


def write_again(*, actor: Actor, at: dt.datetime, batch: PaymentBatch) -> Job:
    """Queue the files once more after the layouts were corrected; those that exist stay as they are."""
    if actor.role != Role.RELEASER:
        raise FilesRefused(_("Your post does not have this duty."))
    if batch.state not in (BatchState.RELEASED, BatchState.RECONCILED) or not batch.line_count:
        raise FilesRefused(_("The batch has not been released yet."))
    if not missing_layouts(batch):
        raise FilesRefused(_("Every file has been written."))
    return start_files(batch, at)


def missing_layouts(batch: PaymentBatch) -> list[Layout]:
    """Layouts of the county in which the batch has no file yet. Raises LayoutRefused. Two queries."""
    written = set(BankFile.objects.filter(batch=batch).values_list("layout_code", flat=True))
    return [layout for layout in layouts_of(batch.region_id) if layout.code not in written]


def sent_lines(batch: PaymentBatch) -> QuerySet[Payment]:
    """What the bank was asked to pay, in order."""
    return Payment.objects.filter(batch=batch, state__in=SENT).order_by("line")


def stream(batch: PaymentBatch, report: Report | None = None) -> Generator[Line, None, None]:
    """The lines of a released batch, one at a time from a cursor of the database; identity numbers are masked."""
    places = dict(
        Region.objects.filter(pk__gte=batch.region_id, pk__lt=batch.region_id + 1_000_000, level="township")
        .order_by("pk")
        .values_list("pk", "name")
    )
    rows = sent_lines(batch).values_list(
        "line", "region_id", "child_name", "identity_number", "entitlement__start_month", "entitlement__end_month",
        "amount", "payee_name", "account", "bank_name", "month", "kind",
    )  # fmt: skip
    # Closed before the transaction ends, also when a line is refused: the cursor is the transaction's.
    cursor = cast("Generator[Any, None, None]", rows.iterator(chunk_size=CHUNK))
    with closing(cursor) as found:
        yield from _lines(batch, found, places, report)


def _lines(
    batch: PaymentBatch, rows: Iterable[Any], places: dict[int, str], report: Report | None
) -> Iterator[Line]:
    for done, row in enumerate(rows):
        line, region, child, number, start, end, amount, payee, account, bank, month, kind = row
        if report is not None and done % CHUNK == 0:
            report(done, batch.line_count)
        yield Line(
            line_reference(batch.number, line),
            line,
            places.get(township_of(region), str(region)),
            child,
            identity.mask(number) if number else "",
            start,
            end,
            amount,
            payee,
            account,
            bank,
            month,
            kind == PaymentKind.ARREARS,
        )


def write_files(batch: PaymentBatch, at: dt.datetime, report: Report | None = None) -> list[str]:
    """Write and archive what the batch still lacks; returns the replacements that were made, in words.

    Runs in the caller's transaction. Raises LayoutRefused naming the line that a layout cannot hold.
    """
    # One after the other: a second job finds the files of the first.
    PaymentBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    replaced: list[str] = []
    for layout in missing_layouts(batch):
        replaced += write_file(batch, layout, at, report).replaced
    return replaced


def write_file(batch: PaymentBatch, layout: Layout, at: dt.datetime, report: Report | None = None) -> Written:
    """Write one file, see that it holds every sent line and the released total, and archive it."""
    if batch.released_at is None:
        raise FilesRefused(_("The batch has not been released yet."))
    released = timezone.localtime(batch.released_at).replace(tzinfo=None, microsecond=0)
    about = About(batch.number, released.date(), batch.line_count, batch.total)
    with files.workshop(f"bank-{batch.pk}-{layout.code}") as folder, closing(stream(batch, report)) as lines:
        path = folder / f"file.{layout.format}"
        written = bank_writing.write(layout, about, lines, path, made_at=released)
        if (written.lines, written.total) != (batch.line_count, batch.total):
            raise LayoutRefused(
                [
                    _(
                        "The lines do not add up to the released total. Tell the administrator the number %(id)s."
                    )
                    % {"id": batch.number}
                ]
            )
        data = path.read_bytes()
    stored = files.store(
        data,
        kind=StoredFile.Kind.BANK,
        name=f"{batch.number}-{layout.code}.{layout.format}",
        content_type=content_type(layout),
        region_id=batch.region_id,
        at=at,
        file_id=uuid.uuid5(NAMESPACE, f"{batch.pk} {layout.code}"),
    )
    BankFile.objects.create(
        batch=batch,
        region_id=batch.region_id,
        format=layout.format,
        layout_code=layout.code,
        layout_name=layout.name,
        file=stored,
        line_count=written.lines,
        total=written.total,
        made_at=at,
    )
    return written


def content_type(layout: Layout) -> str:
    """The type of a file in this layout, with the encoding of its text."""
    kind = CONTENT_TYPES[layout.format]
    return kind if layout.format == "xlsx" else f"{kind}; charset={layout.encoding}"

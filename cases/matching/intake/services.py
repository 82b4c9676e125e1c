"""Taking in what an office sends: files and archives read, checked for being the right ones, and kept encrypted.

What was understood of a file is kept beside it for the check page; its rows are not, before a clerk confirms.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cases.matching.intake import imports, layouts, shown
from cases.matching.intake import wrong as intake_wrong
from cases.matching.intake.stage import Divisions
from cases.matching.reading.archives import Part, parts_of
from cases.matching.reading.files import ListFileError
from cases.matching.reading.lists import read_list, read_lists
from cases.matching.reading.report import ListRead
from cases.models import ListImport, ListLayout
from staff import files
from staff.enums import Role
from staff.models import Region
from staff.workflow import Actor, TransitionRefused

UPLOADERS: Final = frozenset({Role.CLERK})
KEPT_PROBLEMS: Final = 500


class IntakeRefused(TransitionRefused):
    """The list cannot be taken; the message says why."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one file of an upload: the import it is now, or the sentence why it is none."""

    name: str
    list_import: ListImport | None = None
    new: bool = False
    refusal: str = ""


def take_files(
    *,
    actor: Actor,
    at: dt.datetime,
    files: Iterable[tuple[str, bytes]],
    kind: str,
    period: dt.date,
    region_id: int,
) -> list[Taken]:
    """Take each file of an upload, and each file of its archives, on its own: one that is refused stops no other.

    They are read together, which is what makes many of them quick.
    """
    check_duty(actor)
    region = Region.objects.get(pk=region_id)
    taken: dict[int, Taken] = {}  # by its place in the upload
    place = count()
    read_of: deque[tuple[int, Part]] = deque()

    def parts() -> Iterator[Part]:
        for name, data in files:
            try:
                for part in parts_of(data, name=name):
                    read_of.append((next(place), part))
                    yield part
            except ListFileError as error:
                taken[next(place)] = Taken(name, refusal=str(error))

    for read in read_lists(parts(), kind=kind, **_at_hand(region, kind)):
        here, part = read_of.popleft()
        try:
            if isinstance(read, ListFileError):
                raise read
            found, new = _keep(read, part, kind=kind, period=period, region=region, at=at)
        except (ListFileError, TransitionRefused) as error:
            taken[here] = Taken(part.name, refusal=str(error))
        else:
            taken[here] = Taken(part.name, found, new)
    return [taken[each] for each in sorted(taken)]


def take_list(
    *, actor: Actor, at: dt.datetime, data: bytes, name: str, kind: str, period: dt.date, region_id: int
) -> tuple[ListImport, bool]:
    """Read a list, keep it encrypted, and return it to be confirmed, with whether it is new.

    Raises `ListFileError` when the file as a whole cannot be read or is plainly another one: of another month,
    kind or county. Nothing is kept then. The same bytes for the same region, kind and month are the import that is
    already there, which stays as it is.
    """
    check_duty(actor)
    region = Region.objects.get(pk=region_id)
    read = read_upload(data, name=name, kind=kind, region=region)
    return _keep(read, Part(name, data), kind=kind, period=period, region=region, at=at)


def _keep(
    read: ListRead, part: Part, *, kind: str, period: dt.date, region: Region, at: dt.datetime
) -> tuple[ListImport, bool]:
    intake_wrong.refuse(read, data=part.data, name=part.name, kind=kind, period=period, region=region)

    def receive() -> tuple[ListImport, bool]:
        return imports.receive_list(
            data=part.data, name=part.name, kind=kind, period=period, region_id=region.code, at=at
        )

    try:
        with transaction.atomic():
            received, new = receive()
            if new:
                keep_report(received, read)
    except IntegrityError as error:
        if "list_file_once" not in str(error):
            raise
        # The same file arrived twice at one moment: the other upload has been committed meanwhile.
        return receive()
    return received, new


def _at_hand(region: Region, kind: str) -> dict[str, Any]:
    """What the region's clerks have said of the columns of such lists, and its townships."""
    return {
        "layout": layouts.remembered(region_id=region.code, kind=kind),
        "divisions": Divisions.below(region),
    }


def read_upload(data: bytes, *, name: str, kind: str, region: Region) -> ListRead:
    """Read a file with what the region's clerks have said of such columns, and its townships at hand."""
    return read_list(data, name=name, kind=kind, **_at_hand(region, kind))


def read_again(list_import: ListImport) -> ListRead:
    """The stored file as it is understood now. Raises `ListFileError`."""
    assert list_import.file is not None, "a received list has its file"
    return read_upload(
        files.read(list_import.file),
        name=list_import.name,
        kind=list_import.kind,
        region=list_import.region,
    )


def shown_of(list_import: ListImport) -> shown.Shown:
    """What pages show of a list's rows and columns: as it was kept, else read again. Raises `ListFileError`."""
    return shown.kept(list_import) or shown.Shown.of(read_again(list_import))


def keep_report(list_import: ListImport, read: ListRead) -> None:
    """Keep what was understood of a file: headers, counts, and the places of rows with problems; and what is shown."""
    list_import.mapping = read.as_mapping()
    list_import.problems = read.kept_problems(KEPT_PROBLEMS)
    list_import.row_count = read.rows_accepted
    list_import.rows_in_file = read.rows_in_file
    list_import.rows_rejected = read.rows_rejected
    list_import.rows_other = read.rows_other
    list_import.sender = read.sender
    list_import.senders = read.senders
    list_import.layout = _layout_of(list_import, read)
    list_import.save(
        update_fields=[
            *("mapping", "problems", "row_count", "rows_in_file", "rows_rejected", "rows_other"),
            *("sender", "senders", "layout"),
        ]
    )
    shown.keep(list_import, read)


def _layout_of(list_import: ListImport, read: ListRead) -> ListLayout | None:
    """The remembered columns by which the file was read, if a clerk had said something of them."""
    signatures = [s.signature for s in read.sheets if any(c.by == "clerk" for c in s.columns)]
    return (
        ListLayout.objects.filter(
            region_id=list_import.region_id, kind=list_import.kind, signature__in=signatures
        )
        .order_by("-at", "pk")
        .first()
    )


def name_columns(
    *,
    actor: Actor,
    at: dt.datetime,
    list_import: ListImport,
    sheet: int,
    columns: list[str],
    ten_thousands: bool,
) -> ListRead:
    """Say what the columns of one sheet hold, and read the file again by it; remembered for the sender.

    Every sheet of the file with the same header is read so. Raises `layouts.LayoutRefused`, `ListFileError`, and
    `IntakeRefused` once the list is imported.
    """
    check_duty(actor)
    with transaction.atomic():
        locked = ListImport.objects.select_for_update(of=("self",)).get(pk=list_import.pk)
        if locked.state != ListImport.State.PREVIEW:
            raise IntakeRefused(_("The list has been imported already."))
        if imports.is_importing(locked):
            raise IntakeRefused(imports.being_imported())
        report = locked.mapping["sheets"][sheet]
        layouts.remember(
            actor=actor,
            at=at,
            list_import=locked,
            sender=report["sender"],
            signature=report["signature"],
            columns=columns,
            ten_thousands=ten_thousands,
        )
        read = read_again(locked)
        keep_report(locked, read)
    return read


def is_certain(list_import: ListImport) -> bool:
    """Whether no sheet with persons waits for a word of the clerk about its columns."""
    return all(s.get("certain", True) for s in list_import.mapping.get("sheets", ()) if s.get("accepted"))


def check_duty(actor: Actor) -> None:
    """Lists are taken in by the county's clerk."""
    if actor.role not in UPLOADERS:
        raise IntakeRefused(_("Your post does not have this duty."))

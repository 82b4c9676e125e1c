"""A list file → `ListRow`: read, checked, encrypted, copied to a temporary table, inserted under the
row policies."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from cases import identity
from cases.matching import keys
from cases.matching.normalise import CleanId, Distinct, IdKind, clean_id
from cases.matching.preview import MAX_PROBLEMS, Checker, RowProblem, mapping_of
from cases.matching.read import ListReader
from cases.models import ListImport, ListRow
from staff import crypto
from staff.enums import RegionLevel
from staff.models import Region
from staff.regions import present_codes

Progress = Callable[[int, int, str], None]
PROGRESS_EVERY: Final = 5_000
COLUMNS: Final = (
    "region_code", "kind", "own_id", "sheet", "line", "household", "sender_code", "name", "id_number",
    "id_digest", "relation", "sex", "birth_date", "head_name", "head_id", "village_name", "category",
    "amount", "start_month",
)  # fmt: skip
INCOMING: Final = """
CREATE TEMP TABLE incoming (
    region_code bigint, kind text, own_id text, sheet text, line int, household text, sender_code text,
    name text, id_number text, id_digest text, relation text, sex text, birth_date text, head_name text,
    head_id text, village_name text, category text, amount numeric(12, 2), start_month text, place bigserial
) ON COMMIT DROP
"""
_BYTEA: Final = frozenset({"id_number", "id_digest", "head_id"})
# COPY FROM is refused on a table with policies, so the rows go through a temporary one; bytes go in
# hexadecimal.
_SELECTED: Final = ", ".join(f"decode({c}, 'hex')" if c in _BYTEA else c for c in COLUMNS)
INSERT_ROWS: Final = f"""
INSERT INTO cases_listrow (list_import_id, {", ".join(COLUMNS)})
SELECT %s, {_SELECTED} FROM incoming ORDER BY place
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class StageResult:
    """Counts of one staging: rows kept, rows dropped as no persons, rows with a problem by code."""

    rows: int
    dropped: int
    problems: dict[str, int]


def quiet(done: int, total: int, text: str) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Divisions:
    """The county's townships and villages, to place a row by what its cells, title and file name say."""

    places: keys.Places
    townships: dict[str, str]
    codes: frozenset[int]

    @classmethod
    def below(cls, region: Region) -> "Divisions":
        """Load the divisions of a county (or a smaller region) with one query."""
        villages, townships, codes = [], {}, set()
        for code, name, level in Region.objects.below(region).values_list("code", "name", "level"):
            codes.add(code)
            if level == RegionLevel.VILLAGE:
                villages.append((code, name))
            elif level == RegionLevel.TOWNSHIP:
                townships[name] = f"{code:012d}"
        return cls(keys.Places.of(villages), townships, frozenset(codes))

    def sender(self, *texts: str) -> str:
        """The code of the township that one of the texts names, '' for none. The first text that
        names one decides."""
        for text in texts:
            named = [code for name, code in self.townships.items() if name in text]
            if len(named) == 1:
                return named[0]
            for code in self.townships.values():
                if code[:9] in text:
                    return code
        return ""


def stage_list(list_import: ListImport, source: Path | bytes, *, progress: Progress = quiet) -> StageResult:
    """Replace the rows of an import by those of its file, in one transaction. Repeating it changes nothing.

    Identity numbers are stored encrypted, with a digest where valid; a number cut by a spreadsheet is kept in
    scientific notation, so that it is never taken for a whole one. Raises `ListFileError` when the file
    cannot be read.
    """
    reader = ListReader(source, name=list_import.name, list_type=list_import.kind)
    problems: list[RowProblem] = []
    counts: Counter[str] = Counter()
    with transaction.atomic():
        ListRow.objects.filter(list_import=list_import).delete()
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS incoming")
            cursor.execute(INCOMING)
            lines = _lines(list_import, reader, problems, counts, progress)
            keys.copy_rows(cursor, f"incoming ({', '.join(COLUMNS)})", lines)
            cursor.execute(INSERT_ROWS, [list_import.pk])
            cursor.execute("DROP TABLE incoming")
        list_import.row_count = sum(s.rows for s in reader.sheets)
        list_import.problems = [p.as_json() for p in problems]
        list_import.mapping = mapping_of(reader.sheets, counts)
        list_import.state = ListImport.State.STAGED
        list_import.save(update_fields=["row_count", "problems", "mapping", "state"])
    dropped = sum(s.dropped_total for s in reader.sheets)
    return StageResult(list_import.row_count, dropped, dict(counts))


def _lines(
    list_import: ListImport,
    reader: ListReader,
    problems: list[RowProblem],
    counts: Counter[str],
    progress: Progress,
) -> Iterator[tuple[object, ...]]:
    """COPY tuples in the order of `COLUMNS`."""
    divisions = Divisions.below(list_import.region)
    # Senders keep old codes and names for years: a row belongs to the village that took over.
    present = present_codes(divisions.codes, timezone.localdate(list_import.created_at))
    checker = Checker()
    heads = Distinct(lambda text: _sealed(clean_id(text).text))
    # The region of a row is looked up once per (sender, village) pair.
    regions: dict[tuple[str, str], int] = {}
    file_sender = divisions.sender(list_import.name)
    sheet_sender: dict[str, str] = {}
    county = f"{list_import.region_id:012d}"
    for number, row in enumerate(reader.rows(), 1):
        if number % PROGRESS_EVERY == 0:
            progress(number, 0, "reading")
        cells, report = row.cells, reader.sheets[-1]
        person = checker.person(row)
        for code in checker.problems(row, person, ten_thousands=report.amount_in_ten_thousands):
            counts[code] += 1
            if len(problems) < MAX_PROBLEMS:
                problems.append(RowProblem(row.sheet, row.line, code))
        sender = _digits(cells.get("sender_code", ""))
        if not sender:
            if row.sheet not in sheet_sender:
                sheet_sender[row.sheet] = divisions.sender(report.title, row.sheet) or file_sender or county
            township = cells.get("township", "").strip()
            sender = (divisions.sender(township) if township else "") or sheet_sender[row.sheet]
        village = cells.get("village", "").strip()
        place = (sender, village)
        if place not in regions:
            found = divisions.places.find(sender, village) or _township(sender, divisions.codes)
            regions[place] = present.get(found or 0, found or list_import.region_id)
        amount = checker.amount(row, ten_thousands=report.amount_in_ten_thousands)
        clean = person.number
        yield (
            regions[place],
            row.list_type,
            cells.get("list_row_id", "").strip()[:60],
            row.sheet[:60],
            row.line,
            "" if row.household is None else str(row.household),
            sender[:12],
            person.name.strip()[:60],
            _sealed(_kept(clean.kind, clean.text)),
            identity.digest_identity(clean.text).hex() if _whole(clean) else None,
            cells.get("relation", "").strip()[:20],
            cells.get("sex", "").strip()[:4],
            cells.get("birth_date", "").strip()[:20],
            cells.get("head_name", "").strip()[:60],
            heads[cells.get("head_id", "")],
            village[:60],
            cells.get("category", "").strip()[:40],
            amount,
            cells.get("start_month", "").strip()[:20],
        )


def _whole(clean: CleanId) -> bool:
    """Whether a number is complete and valid. Few true numbers end in 000, but some do."""
    return clean.kind == IdKind.VALID or (clean.kind == IdKind.CUT and identity.is_valid(clean.text))


def _kept(kind: IdKind, text: str) -> str:
    """The number as stored: a cut one shows that it is cut."""
    if kind == IdKind.CUT:
        return f"{text[0]}.{text[1:15]}E+17"
    return "1E+17" if kind == IdKind.SCIENTIFIC else text


def _sealed(text: str) -> str:
    """Encrypted text in hexadecimal; empty stays empty, as `EncryptedField` keeps it."""
    return crypto.encrypt(text).hex() if text else ""


def _digits(text: str) -> str:
    """A sender's code padded to 12 digits, '' when it is none."""
    code = text.strip()
    return code.ljust(12, "0") if code.isascii() and code.isdigit() and 6 <= len(code) <= 12 else ""


def _township(sender: str, codes: frozenset[int]) -> int | None:
    """The sender itself when it is a known division of the county."""
    return int(sender) if sender and int(sender) in codes else None

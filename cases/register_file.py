"""A register kept elsewhere, as CSV or xlsx → children, households and guardians, under the open scope."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from cases import identity, pinyin, search
from cases.enums import GuardianKind, HouseholdRegistration, PrimaryCategory, Relation, RiskLevel, Sex
from cases.matching.normalise import CleanId, Distinct, IdKind, clean_date, clean_id, clean_sex
from cases.matching.read import ListReader, RawRow
from cases.models import Child, Guardian, Household
from cases.visit_rules import intervals_from, next_due
from staff import parameters, scope
from staff.enums import RegionLevel
from staff.models import Region
from staff.models.region import county_of

BATCH: Final = 1000
RELATIONS: Final = {
    "父亲": Relation.FATHER, "父": Relation.FATHER, "母亲": Relation.MOTHER, "母": Relation.MOTHER,
    "父子": Relation.FATHER, "父女": Relation.FATHER, "母子": Relation.MOTHER, "母女": Relation.MOTHER,
    "祖父": Relation.GRANDFATHER, "爷爷": Relation.GRANDFATHER, "祖母": Relation.GRANDMOTHER,
    "奶奶": Relation.GRANDMOTHER, "外祖父": Relation.MATERNAL_GRANDFATHER,
    "外公": Relation.MATERNAL_GRANDFATHER,
    "外祖母": Relation.MATERNAL_GRANDMOTHER, "外婆": Relation.MATERNAL_GRANDMOTHER, "哥哥": Relation.BROTHER,
    "兄": Relation.BROTHER, "姐姐": Relation.SISTER, "姐": Relation.SISTER, "叔叔": Relation.PATERNAL_UNCLE,
    "伯父": Relation.PATERNAL_UNCLE, "姑姑": Relation.PATERNAL_AUNT, "舅舅": Relation.MATERNAL_UNCLE,
    "姨": Relation.MATERNAL_AUNT, "继父": Relation.STEPFATHER, "继母": Relation.STEPMOTHER,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A row or cell that could not be taken over: its line, its field, what to do about it."""

    line: int
    field: str
    message: str


@dataclass(slots=True)
class RegisterResult:
    """Counts of an import, and its problems. A problem with a row's number or village says whether it
    was skipped."""

    rows: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    problems: list[LineProblem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Entry:
    """One readable row of the register."""

    line: int
    number: str
    name: str
    id_number: str
    id_digest: bytes | None
    birth_date: dt.date
    sex: str
    village: int
    guardian_name: str
    guardian_id: str
    guardian_relation: str
    head_name: str
    head_id: str


def import_register(
    source: Path | bytes,
    *,
    name: str,
    at: dt.datetime,
    progress: Callable[[int, int, str], None] = lambda done, total, text: None,
) -> RegisterResult:
    """Add the children of a file to the register, or bring known ones up to date; all in one transaction.

    A child is known by its register number within the county. A child that the file places in another
    village is reported, not moved: that is a transfer. Rows without number, name, village or birth date,
    outside the open scope, or with an identity number another child holds, are skipped and reported.
    Repeating a file changes nothing. Raises `ListFileError` when the file as a whole cannot be read.
    """
    result = RegisterResult()
    reader = ListReader(source, name=name, by_household=False)
    with transaction.atomic():
        villages = set(Region.objects.filter(level=RegionLevel.VILLAGE).values_list("code", flat=True))
        checker = _Checker(result, villages)
        entries = [e for e in map(checker.entry, reader.rows()) if e is not None]
        result.rows = sum(s.rows for s in reader.sheets)
        written: list[int] = []
        for start in range(0, len(entries), BATCH):
            written += _write(entries[start : start + BATCH], result, at)
            progress(min(start + BATCH, len(entries)), len(entries), "children")
        if written:
            search.index_children(written)
    return result


class _Refused(Exception):
    """A row cannot be taken over: the field at fault, and what to do."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.field = name


class _Checker:
    """Reads rows into entries and reports what is wrong."""

    def __init__(self, result: RegisterResult, villages: set[int]) -> None:
        self._result = result
        self._villages = villages
        self._ids: Distinct[CleanId] = Distinct(clean_id)
        self._seen: set[tuple[str, str]] = set()

    def entry(self, row: RawRow) -> Entry | None:
        """The entry of a row, or None when the row is skipped and reported."""
        try:
            return self._read(row)
        except _Refused as refusal:
            self._result.skipped += 1
            self._result.problems.append(LineProblem(row.line, refusal.field, str(refusal)))
            return None

    def _read(self, row: RawRow) -> Entry:
        cells = {f: v.strip() for f, v in row.cells.items()}
        number, code = cells.get("child_id", ""), cells.get("village_code", "")
        if not number:
            raise _Refused("child_id", _("The register number is missing. Give every child its own."))
        if not cells.get("name"):
            raise _Refused("name", _("The name is missing. Fill it in."))
        if not code.isdecimal() or int(code) not in self._villages:
            raise _Refused("village_code", _("No village has this code. Use the 12-digit division code."))
        village = int(code)
        if not scope.current().covers(village):
            raise _Refused("village_code", _("The village lies outside your region."))
        own = self._ids[cells.get("id_number", "")]
        valid = own.kind == IdKind.VALID or (own.kind == IdKind.CUT and "id_number" not in row.rounded)
        valid = valid and identity.is_valid(own.text)
        if own.kind != IdKind.MISSING and not valid:
            self._result.problems.append(
                LineProblem(
                    row.line, "id_number", _("The identity number is not valid. It was kept as written.")
                )
            )
        birth = clean_date(cells.get("birth_date", ""))
        if birth % 100 == 0:
            birth = own.birth if valid else 0
        if not birth:
            raise _Refused("birth_date", _("The birth date is missing. Write it as 2015-03-01."))
        for kind, value in (("number", f"{county_of(village)} {number}"), ("id", own.text if valid else "")):
            if value and (kind, value) in self._seen:
                raise _Refused("child_id", _("The same child stands in the file twice. Keep one row."))
            self._seen.add((kind, value))
        sex = clean_sex(cells.get("sex", "")) or (identity.sex_of(own.text).value if valid else "")
        if not sex:
            raise _Refused("sex", _("The sex is missing. Write 男 or 女."))
        return Entry(
            line=row.line,
            number=number[:24],
            name=cells["name"][:60],
            id_number=own.text,
            id_digest=identity.digest_identity(own.text) if valid else None,
            birth_date=dt.date(birth // 10000, birth // 100 % 100, birth % 100),
            sex=sex,
            village=village,
            guardian_name=cells.get("guardian_name", "")[:60],
            guardian_id=self._ids[cells.get("guardian_id", "")].text,
            guardian_relation=cells.get("guardian_relation", ""),
            head_name=cells.get("head_name", "")[:60],
            head_id=self._ids[cells.get("head_id", "")].text,
        )


def _digest(number: str) -> bytes | None:
    return identity.digest_identity(number) if identity.is_valid(number) else None


def _write(entries: list[Entry], result: RegisterResult, at: dt.datetime) -> list[int]:
    """Write a batch; returns the ids of the children added or changed."""
    known = {
        (county_of(c.region_id), c.number): c
        for c in Child.objects.filter(number__in=[e.number for e in entries])
    }
    new: list[Entry] = []
    changed: list[Child] = []
    for entry in entries:
        child = known.get((county_of(entry.village), entry.number))
        if child is None:
            new.append(entry)
        elif _update(child, entry, result):
            changed.append(child)
    Child.objects.bulk_update(changed, ["name", "name_pinyin", "id_number", "id_digest", "birth_date", "sex"])
    new = list(_not_held_by_another(new, result))
    added = _add(new, at)
    result.added += len(added)
    result.updated += len(changed)
    return [c.pk for c in changed] + added


def _update(child: Child, entry: Entry, result: RegisterResult) -> bool:
    """Bring a known child up to date; whether anything differs."""
    if child.region_id != entry.village:
        result.problems.append(
            LineProblem(
                entry.line,
                "village_code",
                _("The child is registered in another village. Transfer it instead."),
            )
        )
    before = (child.name, child.id_number, child.birth_date, child.sex)
    after = (entry.name, entry.id_number, entry.birth_date, entry.sex)
    if before == after:
        result.unchanged += 1
        return False
    child.name, child.id_number, child.birth_date, child.sex = after
    child.name_pinyin = pinyin.sort_key(entry.name)[:200]
    child.id_digest = entry.id_digest
    return True


def _not_held_by_another(entries: list[Entry], result: RegisterResult) -> Iterator[Entry]:
    """The entries whose identity number no child of the register holds yet."""
    digests = [e.id_digest for e in entries if e.id_digest]
    held = {
        bytes(d or b"")
        for d in Child.objects.filter(id_digest__in=digests, left_date__isnull=True).values_list(
            "id_digest", flat=True
        )
    }
    for entry in entries:
        if entry.id_digest in held:
            result.skipped += 1
            result.problems.append(
                LineProblem(
                    entry.line,
                    "id_number",
                    _(
                        "A child with this identity number is already on "
                        "a register. Correct the number or the row."
                    ),
                )
            )
        else:
            yield entry


def _add(entries: list[Entry], at: dt.datetime) -> list[int]:
    """Create children with household and guardian; returns their ids."""
    if not entries:
        return []
    today = at.date()
    households = _households(entries)
    due: dict[int, dt.date] = {}
    for county in sorted({county_of(e.village) for e in entries}):
        intervals = intervals_from(parameters.value(county, "visit_interval_days", today))
        due[county] = next_due(today, RiskLevel.GREEN, intervals)
    children = Child.objects.bulk_create(
        [
            Child(
                number=e.number,
                name=e.name,
                name_pinyin=pinyin.sort_key(e.name)[:200],
                id_number=e.id_number,
                id_digest=e.id_digest,
                birth_date=e.birth_date,
                sex=Sex(e.sex),
                primary_category=PrimaryCategory.OTHER_DIFFICULTY,
                region_id=e.village,
                household_region_id=e.village,
                residence_region_id=e.village,
                registration=HouseholdRegistration.LOCAL,
                household=households.get(_household_key(e)),
                registered_date=today,
                next_visit_date=due[county_of(e.village)],
            )
            for e in entries
        ],
        batch_size=BATCH,
    )
    Guardian.objects.bulk_create(
        [
            Guardian(
                child=child,
                region_id=e.village,
                kind=GuardianKind.BOTH,
                name=e.guardian_name,
                relation=RELATIONS.get(e.guardian_relation, Relation.OTHER),
                id_number=e.guardian_id,
                id_digest=_digest(e.guardian_id),
                start_date=today,
            )
            for child, e in zip(children, entries, strict=True)
            if e.guardian_name
        ],
        batch_size=BATCH,
    )
    return [c.pk for c in children]


def _household_key(entry: Entry) -> tuple[int, str, str]:
    """Village, head's name and head's number: what makes two children of a file one household."""
    return entry.village, entry.head_name, entry.head_id


def _households(entries: list[Entry]) -> dict[tuple[int, str, str], Household]:
    """The households of the entries, found by the head's number in the village or made."""
    wanted = {_household_key(e) for e in entries if e.head_name}
    found: dict[tuple[int, str, str], Household] = {}
    digests = {
        _digest(head_id): (village, name, head_id) for village, name, head_id in wanted if _digest(head_id)
    }
    for household in Household.objects.filter(head_id_digest__in=[d for d in digests if d]):
        key = (household.region_id, household.head_name, household.head_id_number)
        if key in wanted:
            found[key] = household
    missing = sorted(wanted - found.keys())
    made = Household.objects.bulk_create(
        [
            Household(
                region_id=village, head_name=name, head_id_number=head_id, head_id_digest=_digest(head_id)
            )
            for village, name, head_id in missing
        ],
        batch_size=BATCH,
    )
    return found | dict(zip(missing, made, strict=True))

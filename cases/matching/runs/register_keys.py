"""The register as the matcher compares it, kept per county: of all the people of a county's files, a run computes
the keys of those alone whose data is not what it was.

Each person bears a mark, a hash of everything that decides the keys, the number as ciphertext. Marks of today beside
marks of the kept keys tell who came, left or changed: whatever changed them, and whenever it was committed. The keys
are one encrypted file of columns per county; identity numbers are decrypted in the memory of the run.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final

import polars as pl
from django.db import connection
from django.utils import timezone

from cases import identity, pinyin
from cases.matching.engine import columns, frames, keys, normalise, variants
from cases.matching.engine.frames import KEY_SCHEMA, PERSON_SCHEMA
from cases.matching.intake.stage import packed, unpacked
from cases.matching.runs.copying import copied
from cases.models import RegisterKeys
from cases.models.matching import MatchRole
from staff import crypto
from staff.models import Region
from staff.models.region import county_of

# `record` is `MatchCandidate.person_id`, `relation` who the person is to the child, `mark` the hash of both sides.
MARKED_SCHEMA: Final = pl.Schema(
    {**KEY_SCHEMA, "record": pl.Int64, "relation": pl.String, "mark": pl.Int64}  # type: ignore[arg-type]
)
ROLE_OF_PLACE: Final = (
    MatchRole.CHILD, MatchRole.GUARDIAN, MatchRole.PARENT, MatchRole.HEAD, MatchRole.CARER,
)  # fmt: skip
ROLE_BITS: Final = 48
PARENT_RELATIONS: Final = ("father", "mother")

# Plain reads of a range of regions, one a table, joined in columns: quick whatever the planner believes of the policies.
# `sealed` tells whether a number is still the same ciphertext.
SEALED: Final = "CASE WHEN length({0}) > 0 THEN hashtextextended(encode({0}, 'hex'), 0) ELSE 0 END"
CHILDREN: Final = f"""
SELECT id, name, to_char(birth_date, 'YYYYMMDD')::int, sex, region_code, household_id, {SEALED.format("id_number")}
FROM cases_child WHERE region_code BETWEEN {{lo}} AND {{hi}} AND left_date IS NULL
"""  # noqa: S608
CHILDREN_SCHEMA: Final = {
    "child": pl.Int64, "name": pl.String, "birth": pl.Int32, "sex": pl.String, "village": pl.Int64,
    "household": pl.Int64, "sealed": pl.Int64,
}  # fmt: skip
GUARDIANS: Final = f"""
SELECT id, child_id, relation, name, end_date IS NOT NULL, start_date, {SEALED.format("id_number")}
FROM cases_guardian WHERE region_code BETWEEN {{lo}} AND {{hi}}
"""  # noqa: S608
GUARDIANS_SCHEMA: Final = {
    "record": pl.Int64, "child": pl.Int64, "relation": pl.String, "name": pl.String, "ended": pl.String,
    "start": pl.String, "sealed": pl.Int64,
}  # fmt: skip
PARENTS: Final = """
SELECT DISTINCT ON (child_id, parent) id, child_id, parent, parent_name
FROM cases_parentsituation WHERE region_code BETWEEN {lo} AND {hi}
ORDER BY child_id, parent, parent_name = '', start_date DESC, id DESC
"""
PARENTS_SCHEMA: Final = {"record": pl.Int64, "child": pl.Int64, "relation": pl.String, "name": pl.String}
HEADS: Final = f"""
SELECT id, head_name, {SEALED.format("head_id_number")}
FROM cases_household WHERE region_code BETWEEN {{lo}} AND {{hi}} AND head_name <> ''
"""  # noqa: S608
HEADS_SCHEMA: Final = {"record": pl.Int64, "name": pl.String, "sealed": pl.Int64}
CARERS: Final = f"""
SELECT id, child_id, carer_relation, carer_name, {SEALED.format("carer_id_number")}
FROM cases_entrustedcare WHERE region_code BETWEEN {{lo}} AND {{hi}} AND end_date IS NULL
"""  # noqa: S608
CARERS_SCHEMA: Final = {
    "record": pl.Int64, "child": pl.Int64, "relation": pl.String, "name": pl.String, "sealed": pl.Int64,
}  # fmt: skip
# The table whose row holds a person's number, and its columns.
NUMBERS: Final = {
    "child": ("cases_child", "id_number"),
    "guardian": ("cases_guardian", "id_number"),
    "head": ("cases_household", "head_id_number"),
    "carer": ("cases_entrustedcare", "carer_id_number"),
}
# Everybody as the register has them, without their numbers: `holder` and `holds` tell where the number stands.
FACTS_SCHEMA: Final = pl.Schema(
    {  # type: ignore[arg-type]
        **{name: kind for name, kind in PERSON_SCHEMA.items() if name != "number"},
        "record": pl.Int64, "relation": pl.String, "holder": pl.String, "holds": pl.Int64, "sealed": pl.Int64,
    }
)  # fmt: skip
# Above this share of changed people all are read at once.
MANY: Final = 0.2


def register_keys(region: Region) -> pl.DataFrame:
    """Everybody on the register of a region (MARKED_SCHEMA), in the order of `person`.

    Runs inside a scope over the region. For a county or more the keys are kept, and only those of people who came or
    changed are computed; a part of a county computes its own.
    """
    facts = people_facts(region)
    kept = _kept(region)
    fresh = facts.join(kept, on=["person", "mark"], how="anti")
    same = kept.join(facts.select("person", "mark"), on=["person", "mark"], how="semi")
    if fresh.is_empty() and same.height == kept.height:
        return kept.sort("person")
    people = pl.concat([same, _computed(region, fresh, everybody=fresh.height > MANY * facts.height)])
    gone = kept.join(facts.select("person", "mark"), on=["person", "mark"], how="anti")
    touched = {county_of(v) for v in (*fresh["village"].unique(), *gone["village"].unique())}
    _keep(region, people, touched)
    return people.sort("person")


def has_role(roles: frozenset[str]) -> pl.Expr:
    """Whether a person has one of some roles. A guardian who is father or mother is a parent too."""
    wanted = pl.col("role").is_in(list(roles))
    if MatchRole.PARENT in roles:
        wanted |= (pl.col("role") == MatchRole.GUARDIAN.value) & pl.col("relation").is_in(PARENT_RELATIONS)
    return wanted


def people_facts(region: Region) -> pl.DataFrame:
    """Everybody of the files of a region (FACTS_SCHEMA and `mark`), without decrypting anything."""
    children = _read(region, CHILDREN, CHILDREN_SCHEMA)
    guardians = _read(region, GUARDIANS, GUARDIANS_SCHEMA).with_columns(ended=pl.col("ended") == "t")
    heads = _read(region, HEADS, HEADS_SCHEMA)
    carers = _read(region, CARERS, CARERS_SCHEMA)
    homes = children.select("child", "village")
    households = children.select("child", "village", record="household").drop_nulls()
    people = [
        children.with_columns(record=0, role=pl.lit("child"), holds="child"),
        guardians.filter(~pl.col("ended")).with_columns(role=pl.lit("guardian")).join(homes, on="child"),
        _parents(_read(region, PARENTS, PARENTS_SCHEMA), guardians).join(homes, on="child"),
        heads.with_columns(role=pl.lit("head")).join(households, on="record"),
        carers.with_columns(role=pl.lit("carer")).join(homes, on="child"),
    ]
    parts = [_completed(each) for each in people]
    facts = pl.concat(parts)
    return facts.with_columns(mark=facts.hash_rows(seed=0).reinterpret(signed=True))


def _parents(parents: pl.DataFrame, guardians: pl.DataFrame) -> pl.DataFrame:
    """Parents have a number where they are or were guardian: the latest such time that has one."""
    known = guardians.rename({"record": "holds"}).sort(
        pl.col("sealed") == 0, "start", "holds", descending=[False, True, True]
    )
    named = parents.join(known, on=["child", "relation"], how="left", suffix="_known").filter(
        pl.col("name_known").is_null() | (pl.col("name") == "") | (pl.col("name") == pl.col("name_known"))
    )
    found = named.unique("record", keep="first", maintain_order=True)
    alone = parents.join(found, on="record", how="anti")
    both = pl.concat([found, alone], how="diagonal").with_columns(
        name=pl.when(pl.col("name") == "").then("name_known").otherwise("name")
    )
    return both.filter(pl.col("name").fill_null("") != "").with_columns(
        role=pl.lit("parent"), holder=pl.when(pl.col("holds").is_not_null()).then(pl.lit("guardian"))
    )


def _completed(people: pl.DataFrame) -> pl.DataFrame:
    """People with every column of FACTS_SCHEMA. `person`: the role's place above 48 bits, below them the person's own
    record; of a household's head, who is a person of each of its children's files, the child."""
    have = people.columns
    own = pl.col("record") if "record" in have else pl.lit(0)
    role = pl.col("role")
    place = role.replace_strict({r.value: n for n, r in enumerate(ROLE_OF_PLACE)}, return_dtype=pl.Int64)
    below = pl.when(role.is_in(["child", "head"])).then("child").otherwise(own)
    relation = pl.col("relation") if "relation" in have else pl.lit("")
    sexes = {"father": "male", "mother": "female"}
    complete = people.with_columns(
        person=place * 2**ROLE_BITS + below,
        relation=relation,
        birth=pl.col("birth") if "birth" in have else pl.lit(0),
        sex=pl.col("sex")
        if "sex" in have
        else relation.replace_strict(sexes, default="", return_dtype=pl.String),
        holder=pl.col("holder") if "holder" in have else role,
        holds=pl.col("holds") if "holds" in have else own,
        sealed=pl.col("sealed").fill_null(0),
    )
    return complete.select(pl.col(name).cast(kind) for name, kind in FACTS_SCHEMA.items())


def _read(region: Region, select: str, schema: dict[str, Any]) -> pl.DataFrame:
    """Rows of a table of the register as columns."""
    with connection.cursor() as cursor:
        found = copied(cursor, select.format(lo=int(region.lo), hi=int(region.hi)), schema)
    return found.with_columns(pl.col(pl.String).fill_null(""))


def _computed(region: Region, fresh: pl.DataFrame, *, everybody: bool) -> pl.DataFrame:
    """The keys of these people, their numbers read and decrypted."""
    numbers = [pl.DataFrame(schema={"holder": pl.String, "holds": pl.Int64, "number": pl.String})]
    for holder, (table, column) in NUMBERS.items():
        ids = fresh.filter((pl.col("holder") == holder) & (pl.col("sealed") != 0))["holds"].unique()
        if ids.is_empty():
            continue
        condition = "" if everybody else f" AND id IN ({', '.join(map(str, ids))})"
        select = (
            f"SELECT id, encode({column}, 'hex') FROM {table} "  # noqa: S608 - names of our own, numbers
            f"WHERE region_code BETWEEN {{lo}} AND {{hi}} AND length({column}) > 0{condition}"
        )
        found = _read(region, select, {"holds": pl.Int64, "number": pl.String})
        found = found.join(ids.to_frame(), on="holds", how="semi")
        clear = [crypto.decrypt(bytes.fromhex(sealed)) for sealed in found["number"]]
        numbers.append(
            found.select(pl.lit(holder).alias("holder"), "holds", pl.Series("number", clear, dtype=pl.String))
        )
    facts = fresh.join(pl.concat(numbers), on=["holder", "holds"], how="left").with_columns(
        pl.col("number").fill_null("")
    )
    people = keys.person_keys(facts.select(PERSON_SCHEMA.names()))
    rest = facts.select("person", "record", "relation", "mark")
    return people.join(rest, on="person").select(
        pl.col(name).cast(kind) for name, kind in MARKED_SCHEMA.items()
    )


def _kept(region: Region) -> pl.DataFrame:
    """The keys kept of the counties of a region, without those that an earlier version made."""
    found = RegisterKeys.objects.filter(region__gte=region.lo, region__lte=region.hi, version=version())
    frames_ = [unpacked(crypto.decrypt_bytes(bytes(each.frame))) for each in found.order_by("region_id")]
    return pl.concat(frames_) if frames_ else pl.DataFrame(schema=MARKED_SCHEMA)


def _keep(region: Region, people: pl.DataFrame, counties: set[int]) -> None:
    """Store the keys of the counties whose people changed. What is smaller than a county is not kept."""
    inside = {code for code in counties if region.lo <= code <= region.hi}
    county = pl.col("village") // 1_000_000 * 1_000_000
    for code in sorted(Region.objects.filter(pk__in=inside).values_list("code", flat=True)):
        mine = people.filter(county == code).sort("person")
        RegisterKeys.objects.update_or_create(
            region_id=code,
            defaults={
                "version": version(),
                "frame": crypto.encrypt_bytes(packed(mine)),
                "people": mine.height,
                "watermark": timezone.now(),
            },
        )


@cache
def version() -> str:
    """sha256 over the code that decides what the keys of a person are."""
    state = hashlib.sha256(pl.__version__.encode())
    for module in (columns, frames, identity, keys, normalise, pinyin, variants):
        state.update(Path(str(module.__file__)).read_bytes())
    state.update(Path(__file__).read_bytes())
    return state.hexdigest()

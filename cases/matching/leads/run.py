"""What a run does about potential children: new ones are written, known ones followed, those on the register closed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import identity
from cases.matching.engine.normalise import clean_name
from cases.matching.enums import LeadState
from cases.matching.leads import finder as lead_finder
from cases.matching.leads import services as leads
from cases.matching.runs.copying import copied
from cases.matching.runs.data import RunData
from cases.models import Child, MatchRun, PotentialChild
from cases.models.matching import MatchRole
from staff.models.region import county_of
from staff.workflow import perform_many

BATCH = 1_000


@dataclass
class LeadCounts:
    """What a run did: leads found for the first time, found dropped but with a new reason, closed as registered."""

    found: int = 0
    reopened: int = 0
    brought_in: int = 0

    def as_json(self) -> dict[str, int]:
        return {"found": self.found, "reopened": self.reopened, "brought_in": self.brought_in}


@dataclass
class _Known:
    """The leads of the counties of a run, by what stands for their persons."""

    by_subject: dict[str, PotentialChild] = field(default_factory=dict)
    by_words: dict[str, PotentialChild] = field(default_factory=dict)

    @classmethod
    def load(cls, run: MatchRun) -> _Known:
        known = cls()
        lo, hi = county_of(run.region.lo), county_of(run.region.hi)
        for lead in PotentialChild.objects.filter(county__gte=lo, county__lte=hi).order_by("pk"):
            known.by_subject[lead.subject] = lead
            known.by_words[leads.told_subject(lead.name, lead.birth_date, lead.head_name)] = lead
        return known

    def find(self, subject: str, words: str, number: str) -> PotentialChild | None:
        """The lead of a person. Equal words are the same person unless two numbers say otherwise."""
        lead = self.by_subject.get(subject)
        if lead is None:
            lead = self.by_words.get(words)
            if lead is not None and number and lead.id_number and lead.id_number != number:
                return None
        return lead


def find_leads(run: MatchRun, data: RunData, *, at: dt.datetime) -> LeadCounts:
    """Make the leads of a run's region agree with its lists. Running it again changes nothing.

    Runs inside a scope over the region, after the candidates of the run are written.
    """
    counts = LeadCounts()
    with transaction.atomic():
        known = _Known.load(run)
        unmatched = data.unmatched(lead_finder.relief_kinds())["row"]
        found = lead_finder.potential(data.rows, unmatched, run.period)
        found = found.filter(pl.col("region").is_between(run.region.lo, run.region.hi))
        found = found.with_columns(_in_the_clear())
        new: list[PotentialChild] = []
        again: list[PotentialChild] = []
        said_more: list[PotentialChild] = []
        rows = []
        due = leads.due_date(run.region_id, timezone.localdate(at))
        for row in found.iter_rows(named=True):
            birth = _date(row["birth"])
            words = leads.told_subject(row["name"], birth, row["head_name"])
            subject = leads.subject_of(row["name"], row["number"], birth, row["head_name"])
            lead = known.find(subject, words, row["number"])
            if lead is None:
                lead = _lead(run, row, subject, birth, due, at)
                known.by_subject[subject] = known.by_words[words] = lead
                new.append(lead)
                rows.append(row["row"])
            elif lead.pk and (more := _more(lead, row["why"])):
                lead.why = [*lead.why, *more]
                said_more.append(lead)
                if lead.state == LeadState.DROPPED:
                    again.append(lead)
        kept = data.list_rows(rows)
        for lead, place in zip(new, rows, strict=True):
            lead.list_row = kept.get(place)
        # Another run of the county may have found somebody a moment ago.
        counts.found = len(PotentialChild.objects.bulk_create(new, batch_size=BATCH, ignore_conflicts=True))
        PotentialChild.objects.bulk_update(said_more, ["why"], batch_size=BATCH)
        counts.reopened = _reopen(again, due, at)
        counts.brought_in = close_registered(run, data, at=at)
    return counts


def _in_the_clear() -> list[pl.Expr]:
    """The texts of a lead without the identity numbers that were typed into them."""

    def hidden(text: pl.Expr) -> pl.Expr:
        return text.str.replace_all(identity.NUMBERS_INSIDE, identity.HIDDEN)

    relation = hidden(pl.element().struct.field("relation"))
    why = pl.col("why").list.eval(pl.element().struct.with_fields(relation))
    return [hidden(pl.col("name", "head_name", "village")), why]


def _date(day: int) -> dt.date:
    return dt.date(day // 10_000, day // 100 % 100, day % 100)


def _lead(
    run: MatchRun, row: dict[str, Any], subject: str, birth: dt.date, due: dt.date, at: dt.datetime
) -> PotentialChild:
    region = row["region"]
    return PotentialChild(
        region_id=region,
        county=county_of(region),
        subject=subject,
        run=run,
        name=row["name"][:60],
        id_number=row["number"],
        birth_date=birth,
        sex=row["sex"],
        head_name=row["head_name"][:60],
        address=row["village"][:200],
        why=row["why"],
        due_date=due,
        created_at=at,
    )


def _more(lead: PotentialChild, why: list[leads.Why]) -> list[leads.Why]:
    """The reasons that are new for a lead that is not settled for good."""
    if lead.state == LeadState.BROUGHT_IN:
        return []
    told = leads.spoken(lead.why)
    return [each for each in why if (each["code"], each["list_kind"]) not in told]


def _reopen(dropped: list[PotentialChild], due: dt.date, at: dt.datetime) -> int:
    ids = [lead.pk for lead in dropped]
    reason = _("The lists say something new of the parents.")
    fields = {"due_date": due, "closed_by_id": None, "closed_at": None}
    return len(perform_many(PotentialChild, ids, "reopen", at=at, reason=reason, fields=fields, follows=True))


# --- Who is on the register ------------------------------------------------------------------------------------


def close_registered(run: MatchRun, data: RunData, *, at: dt.datetime) -> int:
    """Close as brought in the leads without a child whose person is on the register: the number is a child's there, or
    the matcher has found the child on a row that names the person."""
    lo, hi = run.region.lo, run.region.hi
    waiting = list(
        PotentialChild.objects.filter(
            region__gte=lo, region__lte=hi, state__in=leads.LIVE, child=None
        ).order_by("pk")
    )
    if not waiting:
        return 0
    digests = {identity.digest_identity(lead.id_number): lead for lead in waiting if lead.id_number}
    here = Child.objects.filter(id_digest__in=list(digests), left_date__isnull=True, merged_into=None)
    found = {
        digests[bytes(digest)].pk: child for child, digest in here.values_list("pk", "id_digest") if digest
    }
    found = _recognised(run, data, waiting) | found
    for lead in waiting:
        lead.child_id = found.get(lead.pk)
    PotentialChild.objects.bulk_update(
        [lead for lead in waiting if lead.child_id], ["child"], batch_size=BATCH
    )
    return len(perform_many(PotentialChild, found, "bring_in", at=at, follows=True))


def _recognised(run: MatchRun, data: RunData, waiting: list[PotentialChild]) -> dict[int, int]:
    """Lead → child, where an accepted pair is of a row with the lead's name, birth date and head, or number."""
    select = (
        "SELECT r.list_import_id, r.row, c.child_id FROM cases_matchcandidate c "  # noqa: S608 - numbers
        "JOIN cases_listrow r ON r.id = c.list_row_id JOIN cases_child k ON k.id = c.child_id "
        f"WHERE c.run_id = {int(run.pk)} AND c.role = '{MatchRole.CHILD.value}' AND c.state = 'accepted' "
        f"AND c.region_code BETWEEN {run.region.lo} AND {run.region.hi} AND r.row IS NOT NULL "
        "AND k.left_date IS NULL AND k.merged_into_id IS NULL"
    )
    with connection.cursor() as cursor:
        pairs = copied(cursor, select, {"list": pl.Int64, "place": pl.UInt32, "child": pl.Int64})
    # Words are compared before anything is read: of the many who are on the register few are leads.
    names = {clean_name(lead.name) for lead in waiting}
    matched = data.rows.join(pairs, on=["list", "place"])
    people = lead_finder.read_people(matched).join(matched.select("row", "child"), on="row")
    told: dict[str, int] = {}
    for row in people.filter(pl.col("name").is_in(list(names))).iter_rows(named=True):
        if row["birth"] % 100:
            told[leads.told_subject(row["name"], _date(row["birth"]), row["head_name"])] = row["child"]
    return {
        lead.pk: told[words]
        for lead in waiting
        if (words := leads.told_subject(lead.name, lead.birth_date, lead.head_name)) in told
    }

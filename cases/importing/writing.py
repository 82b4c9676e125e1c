"""Writing the rows of a register file in bulk: children with all those around them, and what is noted for undoing it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from cases import pinyin
from cases.enums import GuardianKind, HouseholdRegistration, PrimaryCategory, Relation, RiskLevel
from cases.identity import digest_account
from cases.importing import bulk
from cases.importing.changes import Plan, digest_of
from cases.models import Child, ChildAttribute, Guardian, Household, ParentSituation, Payee
from cases.visits import rules as visit_rules
from staff import parameters
from staff.models.region import county_of

KINDS: dict[str, Any] = {
    "household": Household,
    "guardian": Guardian,
    "payee": Payee,
    "situation": ParentSituation,
    "attribute": ChildAttribute,
}


class _ProbeOver(Exception):
    """Ends a probe, so that nothing of it stays."""


class Trace:
    """What was done for one row: ``added`` [kind, key], ``changed`` [kind, key, field, old, new] with texts."""

    def __init__(self) -> None:
        self.added: list[list[Any]] = []
        self.changed: list[list[Any]] = []


class Writer:
    """Writes batches of drafts; remembers households and intervals over all of them."""

    def __init__(self, today: dt.date) -> None:
        self.today = today
        self.written: list[int] = []
        self._households: dict[tuple[int, str, str], int] = {}
        self._intervals: dict[int, dt.date] = {}

    # --- Who holds a number out of sight --------------------------------------------------------------

    @staticmethod
    def probe(wanted: Iterable[tuple[bytes, int]], today: dt.date) -> set[bytes]:
        """The digests that the unique index refuses, of pairs (digest, village); nothing of the attempt stays."""
        pairs = dict(wanted)
        children = [
            Child(
                pk=-place,
                number="",
                name="-",
                id_digest=digest,
                birth_date=today,
                sex="male",
                primary_category=PrimaryCategory.OTHER_DIFFICULTY,
                region_id=village,
                registered_date=today,
            )
            for place, (digest, village) in enumerate(pairs.items(), 1)
        ]
        refused: set[bytes] = set()
        try:
            with transaction.atomic():
                made = bulk.insert(Child, children, skip_conflicts=True)
                refused = {bytes(c.id_digest or b"") for c in children if c.pk not in made}
                raise _ProbeOver
        except _ProbeOver:
            return refused

    # --- New children ---------------------------------------------------------------------------------

    def add(self, drafts: Sequence[Any]) -> list[Any]:
        """Insert new children with their families; returns the drafts whose identity number is held out of sight.

        A draft is a Child with ``incoming``, ``plan`` and ``trace``; its village is set already.
        """
        for draft, key in zip(drafts, bulk.next_keys(Child, len(drafts)), strict=True):
            draft.pk = key
            self._complete(draft)
        self._find_households(drafts)
        made = bulk.insert(Child, drafts, skip_conflicts=True)
        kept = [draft for draft in drafts if draft.pk in made]
        self._families(kept)
        self.written += [draft.pk for draft in kept]
        return [draft for draft in drafts if draft.pk not in made]

    def _complete(self, draft: Any) -> None:
        incoming, village = draft.incoming, draft.region_id
        for name, (_old, new) in draft.plan.fields.items():
            setattr(draft, name, new)
        draft.number = (
            getattr(incoming, "child_id", None) or f"{county_of(village) // 1_000_000:06d}{draft.pk:07d}"
        )
        draft.name_pinyin = pinyin.sort_key(draft.name)[:200]
        draft.id_digest = digest_of(draft.id_number)
        draft.registration = draft.registration or HouseholdRegistration.LOCAL
        draft.registered_date = self.today
        draft.category_since = draft.category_since or self.today
        draft.risk, draft.risk_since = RiskLevel.GREEN, self.today
        draft.household_region_id = draft.residence_region_id = village
        draft.next_visit_date = self._first_visit(county_of(village))

    def _first_visit(self, county: int) -> dt.date:
        if county not in self._intervals:
            intervals = visit_rules.intervals_from(
                parameters.value(county, "visit_interval_days", self.today)
            )
            self._intervals[county] = visit_rules.next_due(self.today, RiskLevel.GREEN, intervals)
        return self._intervals[county]

    def _find_households(self, drafts: Sequence[Any]) -> None:
        """Set ``household_id`` of every draft that names a head: found by the head's number in the village, or made.

        Two children of a file with the same head (name and number) in one village are one household.
        """
        wanted = {
            (d.region_id, *d.plan.household): d for d in reversed(drafts) if d.plan.household is not None
        }
        new = [key for key in wanted if key not in self._households]
        digests = {digest: key for key in new if (digest := digest_of(key[2]))}
        for found in Household.objects.filter(head_id_digest__in=digests).order_by("-pk"):
            key = (found.region_id, *digests[bytes(found.head_id_digest or b"")][1:])
            if key in wanted:
                self._households[key] = found.pk
        missing = sorted(key for key in new if key not in self._households)
        made = [
            Household(
                region_id=village, head_name=name, head_id_number=number, head_id_digest=digest_of(number)
            )
            for village, name, number in missing
        ]
        bulk.insert(Household, made)
        for key, household in zip(missing, made, strict=True):
            self._households[key] = household.pk
            wanted[key].trace.added.append(["household", household.pk])
        for draft in drafts:
            if draft.plan.household is not None:
                draft.household_id = self._households[(draft.region_id, *draft.plan.household)]

    # --- Those around a child -------------------------------------------------------------------------

    def _families(self, drafts: Sequence[Any]) -> None:
        rows: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
        for draft in drafts:
            for kind, row in self._family(draft, draft.plan):
                rows[kind].append((draft, row))
        for kind, pairs in rows.items():
            bulk.insert(KINDS[kind], [row for _draft, row in pairs])
            for draft, row in pairs:
                draft.trace.added.append([kind, row.pk])

    def _family(self, child: Any, plan: Plan) -> Iterable[tuple[str, Any]]:
        place = {"child_id": child.pk, "region_id": child.region_id}
        for guardian in plan.guardians:
            yield (
                "guardian",
                Guardian(
                    **place,
                    kind=GuardianKind.BOTH if guardian.column == "guardian" else GuardianKind.CAREGIVER,
                    name=guardian.name,
                    relation=guardian.relation or Relation.OTHER,
                    id_number=guardian.id_number,
                    id_digest=digest_of(guardian.id_number),
                    phone=guardian.phone,
                    start_date=self.today,
                ),
            )
        if plan.payee is not None:
            yield (
                "payee",
                Payee(
                    **place,
                    name=plan.payee.name,
                    relation=plan.payee.relation or Relation.OTHER,
                    bank_name=plan.payee.bank,
                    account=plan.payee.account,
                    account_digest=digest_account(plan.payee.account),
                    start_date=self.today,
                ),
            )
        for parent, name, kind, since in plan.situations:
            yield (
                "situation",
                ParentSituation(
                    **place, parent=parent, parent_name=name, kind=kind, start_date=since or self.today
                ),
            )
        for kind in plan.attributes:
            start = (
                child.category_since
                if kind == child.primary_category and child.category_since
                else self.today
            )
            yield "attribute", ChildAttribute(**place, kind=kind, start_date=start)

    # --- Known children -------------------------------------------------------------------------------

    def change(self, drafts: Sequence[Any]) -> None:
        """Write the plans of known children, their rows locked before."""
        fields: set[str] = set()
        ended: dict[str, list[Any]] = {"payee": [], "attribute": []}
        guardians: list[Guardian] = []
        guardian_fields: set[str] = set()
        self._find_households_of_known(drafts, fields)
        for draft in drafts:
            plan, trace = draft.plan, draft.trace
            for name, (old, new) in plan.fields.items():
                setattr(draft, name, new)
                fields.add(name)
                trace.changed.append(["child", draft.pk, name, _text(old), _text(new)])
            if "name" in plan.fields:
                draft.name_pinyin = pinyin.sort_key(draft.name)[:200]
                fields.add("name_pinyin")
            if "id_number" in plan.fields:
                draft.id_digest = digest_of(draft.id_number)
                fields.add("id_digest")
            for _column, guardian, changed in plan.guardian_changes:
                for name, (old, new) in changed.items():
                    setattr(guardian, name, new)
                    guardian_fields.add(name)
                    trace.changed.append(["guardian", guardian.pk, name, _text(old), _text(new)])
                guardian.id_digest = digest_of(guardian.id_number)
                guardians.append(guardian)
            if plan.former_payee is not None:
                self._end(plan.former_payee, self.today - dt.timedelta(days=1), "payee", trace, ended)
            for attribute in plan.attributes_ended:
                since = plan.fields["category_since"][1]
                self._end(attribute, max(attribute.start_date, since), "attribute", trace, ended)
        if fields:
            bulk.update(Child, drafts, fields | {"updated_at"})
        bulk.update(Guardian, guardians, guardian_fields | {"id_digest"})
        for kind, rows in ended.items():
            bulk.update(KINDS[kind], rows, ["end_date"])
        self._families(drafts)
        self.written += [draft.pk for draft in drafts]

    @staticmethod
    def _end(row: Any, day: dt.date, kind: str, trace: Trace, ended: dict[str, list[Any]]) -> None:
        row.end_date = day
        trace.changed.append([kind, row.pk, "end_date", "", day.isoformat()])
        ended[kind].append(row)

    def _find_households_of_known(self, drafts: Sequence[Any], fields: set[str]) -> None:
        moving = [draft for draft in drafts if draft.plan.household is not None]
        before = {draft.pk: draft.household_id for draft in moving}
        self._find_households(moving)
        for draft in moving:
            fields.add("household")
            trace = ["child", draft.pk, "household_id", _text(before[draft.pk]), _text(draft.household_id)]
            draft.trace.changed.append(trace)


def _text(value: Any) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, dt.date) else str(value)

"""What a finished comparison says about children. One engine reads the rules that the kinds of lists declare
(:mod:`cases.matching.kinds`); what the money side knows comes from finders that an app registers with
:func:`finder`: this package imports no app.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

from cases.matching.discrepancies.finding_columns import nobodys_rows
from cases.matching.discrepancies.finding_data import Finding, Kind, Pairs, Who, of_child
from cases.matching.discrepancies.finding_differences import differences
from cases.matching.discrepancies.finding_register import Register
from cases.matching.kinds import KINDS, ListKind, Rule
from cases.matching.kinds.conditions import day_of, disability_of, of_school_age
from cases.models import Child, ListRow
from cases.models.matching import MatchRole
from staff.models import Region

Finder = Callable[[Pairs], Iterable[Finding]]
_FINDERS: list[Finder] = []
# A child paid in full beside a list: that it is new on the list, or its amount, is the same matter.
SUPERSEDES: Final = {Kind.PAID_IN_FULL: frozenset({Kind.NEW, Kind.AMOUNT})}


def finder(function: Finder) -> Finder:
    """Register a source of findings. Several may report one child and kind: the first registered with facts
    of money wins.
    """
    _FINDERS.append(function)
    return function


def findings_of(pairs: Pairs) -> list[Finding]:
    """Everything that is found, other apps' finders first; a person and matter once."""
    found: dict[str, Finding] = {}
    for each in _all(pairs):
        found.setdefault(each.subject_key, each)
    over = {
        (each.child_id, each.list_kind, lesser)
        for each in found.values()
        for lesser in SUPERSEDES.get(Kind(each.kind), ())
    }
    return [each for each in found.values() if (each.child_id, each.list_kind, each.kind) not in over]


def _all(pairs: Pairs) -> Iterator[Finding]:
    for each in _FINDERS:
        yield from each(pairs)
    yield from Engine(pairs).findings()


class Engine:
    """The declared rules of every kind of list that has come, or that came before."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        self.month = pairs.run.period
        self.register = Register.load(pairs)
        self.villages = dict(Region.objects.below(pairs.run.region).values_list("code", "name"))
        self.moved: set[tuple[str, int]] = set()

    def findings(self) -> Iterator[Finding]:
        """In the order of kinds and their rules."""
        for kind in KINDS.values():
            if kind.code in self.pairs.senders:
                for rule in kind.rules:
                    yield from self._OCCASIONS[rule.on](self, kind, rule)

    # --- Rows that are somebody of the register ---------------------------------------------------------

    def _rows(
        self, kind: ListKind, rule: Rule, rows: dict[Who, ListRow]
    ) -> Iterator[tuple[Who, Child, ListRow]]:
        """The rows of people in the rule's role for whom its condition holds and the register says what it asks."""
        seen: set[tuple[int, str]] = set()
        for who in sorted(rows):
            child = self.pairs.children.get(who[1])
            if child is None or not self.register.plays(who, rule.role):
                continue
            # A parent who stands in the file twice is one person.
            parent = self.register.parent(who) if rule.role == "parent" else ""
            if parent and (child.pk, parent) in seen:
                continue
            seen.add((child.pk, parent))
            row = rows[who]
            if rule.when.holds(row, self.month) and self._register_agrees(rule, who, child, row):
                yield who, child, row

    def _register_agrees(self, rule: Rule, who: Who, child: Child, row: ListRow | None) -> bool:
        if rule.known and not self.register.knows(rule.known, who, child, row):
            return False
        return not (rule.unknown and self.register.knows(rule.unknown, who, child, row))

    def _finding(
        self, kind: ListKind, rule: Rule, who: Who, child: Child, row: ListRow | None, **facts: Any
    ) -> Finding:
        parent = self.register.parent(who) if rule.role == "parent" else ""
        if parent:
            facts["parent"] = parent
        elif who[0] != MatchRole.CHILD:
            facts["person"] = row.name if row is not None else ""
        return Finding(
            rule.kind,
            kind.code,
            child.region_id,
            child.pk,
            row,
            facts,
            subject=parent or (f"{who[0]}:{who[2]}" if who[2] else ""),
            role=who[0],
            person_id=who[2],
            days=rule.days,
        )

    def _on_row(self, kind: ListKind, rule: Rule) -> Iterator[Finding]:
        for who, child, row in self._rows(kind, rule, self.pairs.accepted.get(kind.code, {})):
            yield self._finding(kind, rule, who, child, row, **self._said(rule, row))

    def _said(self, rule: Rule, row: ListRow) -> dict[str, Any]:
        """What the row says of the matter, for the page and for the remedies."""
        facts: dict[str, Any] = {}
        day = day_of(row.event_date)
        if day is not None:
            facts["event"] = day.isoformat()
        since = day_of(row.start_month)
        if rule.kind in (Kind.CUSTODY, Kind.RELEASED) and since is not None:
            facts["since"] = since.isoformat()
        if row.category:
            facts["status"] = row.category
        if row.level:
            facts["level"] = row.level
        told = disability_of(row.category, row.level, row.id_number)
        if told and rule.kind in (Kind.DISABLED, Kind.PARENT_DISABLED):
            facts["disability"] = list(told)
        return facts

    def _on_new(self, kind: ListKind, rule: Rule) -> Iterator[Finding]:
        before = self.pairs.before.get(kind.code, {})
        for who, child, row in self._rows(kind, rule, self.pairs.accepted.get(kind.code, {})):
            if who not in before and self.pairs.covered_before(kind.code, child.region_id):
                yield self._finding(kind, rule, who, child, row)

    def _on_gone(self, kind: ListKind, rule: Rule) -> Iterator[Finding]:
        for who, child, _row in self._rows(kind, rule, self.pairs.before.get(kind.code, {})):
            if not self.pairs.may_be_on(kind.code, who, child.region_id):
                yield self._finding(kind, rule, who, child, None, last_month=True)

    def _on_changed(self, kind: ListKind, rule: Rule) -> Iterator[Finding]:
        before = self.pairs.before.get(kind.code, {})
        for who, child, row in self._rows(kind, rule, self.pairs.accepted.get(kind.code, {})):
            old = before.get(who)
            if old is None:
                continue
            was, now = getattr(old, rule.column), getattr(row, rule.column)
            if rule.column == "region_id":
                if not _has_moved(was, now, child):
                    continue
                self.moved.add((kind.code, child.pk))
                was, now = (self.villages.get(code, str(code)) for code in (was, now))
            elif was in (None, "") or now in (None, "") or was == now:
                continue
            yield self._finding(kind, rule, who, child, row, before=_text(was), now=_text(now))

    def _on_differs(self, kind: ListKind, rule: Rule) -> Iterator[Finding]:
        for who, child, row in self._rows(kind, rule, self.pairs.accepted.get(kind.code, {})):
            found = differences(row, child, self.villages)
            if (kind.code, child.pk) in self.moved:
                found = [each for each in found if each["field"] != "village"]
            if found:
                yield self._finding(kind, rule, who, child, row, differences=found)

    # --- Rows that are nobody, and children who are on no row -------------------------------------------

    def _on_unmatched(self, kind: ListKind, rule: Rule) -> Iterator[Finding]:
        """One finding a person and list. A row that still waits for a decision is left out: it may be a child of
        the register.
        """
        data = self.pairs.data
        found = nobodys_rows(data.unmatched([kind.code]), rule.when, self.month)
        rows = data.list_rows(found["row"])
        for place, subject, born in found.select("row", "subject", "born").iter_rows():
            row = rows[place]
            yield Finding(
                rule.kind,
                kind.code,
                row.region_id,
                row=row,
                facts={"born": born} if born else {},
                subject=subject,
                days=rule.days,
            )

    def _on_absent(self, kind: ListKind, rule: Rule) -> Iterator[Finding]:
        for child in self.pairs.everybody.values():
            who = of_child(child.pk)
            if (
                (rule.among != "school_age" or of_school_age(child.birth_date, self.month))
                and not self.pairs.may_be_on(kind.code, who, child.region_id)
                and self._register_agrees(rule, who, child, None)
            ):
                yield self._finding(kind, rule, who, child, None, absent=True)

    _OCCASIONS: Final = {
        "row": _on_row,
        "new": _on_new,
        "gone": _on_gone,
        "changed": _on_changed,
        "differs": _on_differs,
        "unmatched": _on_unmatched,
        "absent": _on_absent,
    }


def _has_moved(was: int, now: int, child: Child) -> bool:
    """Whether the list names another village than before, which is none of the child's homes on the register."""
    homes = {child.region_id, child.household_region_id, child.residence_region_id}
    return bool(was != now and was % 1000 and now % 1000 and now not in homes)


def _text(value: Any) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    return f"{value:.2f}" if isinstance(value, Decimal) else str(value)


def is_on_list(pairs: Pairs, kind: str, child_id: int, region_id: int) -> bool:
    """Whether a child is on a list of the kind, may be, or no list has come that would say."""
    return pairs.may_be_on(kind, of_child(child_id), region_id)

"""What the register knows already of the people on a list, so that a list which says the same raises nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from cases.circumstances.enums import DefectKind
from cases.defects.services import LIVE
from cases.enums import Insurance, ParentSituationKind, Relation, SchoolStage
from cases.matching.discrepancies.finding_data import Pairs, Who
from cases.matching.kinds.conditions import disability_of
from cases.models import Child, Defect, DisabilityCard, EntrustedCare, Guardian, ListRow, ParentSituation
from cases.models.matching import MatchRole

PARENTS: Final = (Relation.FATHER.value, Relation.MOTHER.value)
IN_CUSTODY: Final = frozenset(
    {
        ParentSituationKind.IMPRISONED,
        ParentSituationKind.DRUG_REHABILITATION,
        ParentSituationKind.OTHER_RESTRICTION,
    }
)


Fact = Callable[["Register", Who, Child, ListRow | None], bool]


@dataclass
class Register:
    """Facts of the children whom lists speak of. Five queries."""

    guardians: dict[int, Guardian] = field(default_factory=dict)
    parents: dict[int, ParentSituation] = field(default_factory=dict)
    carers: dict[int, EntrustedCare] = field(default_factory=dict)
    situations: dict[tuple[int, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    cards: dict[int, set[tuple[str, int]]] = field(default_factory=lambda: defaultdict(set))
    out_of_school: set[int] = field(default_factory=set)

    @classmethod
    def load(cls, pairs: Pairs) -> Register:
        found = cls()
        ids = list(pairs.children)
        found.guardians = {g.pk: g for g in Guardian.objects.filter(child__in=ids).order_by("pk")}
        found.carers = {c.pk: c for c in EntrustedCare.objects.filter(child__in=ids).order_by("pk")}
        for each in ParentSituation.objects.filter(child__in=ids).order_by("pk"):
            found.parents[each.pk] = each
            if each.end_date is None:
                found.situations[each.child_id, each.parent].add(each.kind)
        cards = DisabilityCard.objects.filter(child__in=ids).order_by("pk")
        for child, kind, level in cards.values_list("child_id", "kind", "level"):
            found.cards[child].add((kind, level))
        open_defects = Defect.objects.filter(kind=DefectKind.OUT_OF_SCHOOL, state__in=LIVE)
        found.out_of_school = set(open_defects.order_by().values_list("child_id", flat=True))
        return found

    def parent(self, who: Who) -> str:
        """``father`` or ``mother`` when the person is one, else ''. A parent may stand in the file as guardian."""
        role, _child, person = who
        if role == MatchRole.PARENT:
            return self.parents[person].parent if person in self.parents else ""
        guardian = self.guardians.get(person) if role == MatchRole.GUARDIAN else None
        return guardian.relation if guardian is not None and guardian.relation in PARENTS else ""

    def plays(self, who: Who, role: str) -> bool:
        """Whether the person has the role today that a rule asks for. A parent is told as parent, not as guardian."""
        found, _child, person = who
        match role:
            case "parent":
                return bool(self.parent(who))
            case "guardian":
                guardian = self.guardians.get(person) if found == MatchRole.GUARDIAN else None
                return guardian is not None and guardian.end_date is None and not self.parent(who)
            case "carer":
                carer = self.carers.get(person) if found == MatchRole.CARER else None
                return carer is not None and carer.end_date is None
        return found == role

    def knows(self, fact: str, who: Who, child: Child, row: ListRow | None) -> bool:
        """Whether the register has the fact on record: a key of :data:`FACTS`."""
        return FACTS[fact](self, who, child, row)


def _situation(kinds: Collection[str]) -> Fact:
    return lambda register, who, child, row: bool(
        register.situations[child.pk, register.parent(who)] & set(kinds)
    )


def _card(register: Register, who: Who, child: Child, row: ListRow | None) -> bool:
    """A card of the kind and level that the list says; any card where the list does not say."""
    told = disability_of(row.category, row.level, row.id_number) if row is not None else None
    return told in register.cards[child.pk] if told else bool(register.cards[child.pk])


FACTS: Final[dict[str, Fact]] = {
    "dead": _situation({ParentSituationKind.DEAD}),
    "custody": _situation(IN_CUSTODY),
    "severe_disability": _situation({ParentSituationKind.SEVERE_DISABILITY}),
    "card": _card,
    "out_of_school": lambda register, who, child, row: (
        child.school_stage == SchoolStage.NOT_IN_SCHOOL or child.pk in register.out_of_school
    ),
    "uninsured": lambda register, who, child, row: child.insurance == Insurance.NONE,
}

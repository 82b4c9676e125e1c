"""Which protected values of lists can be seen in full for a reason."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cases.matching.runs.people import people_of
from cases.models import ListRow, MatchCandidate, PotentialChild
from staff.enums import Role
from staff.reveal import Revealed, revealable


@revealable(
    "list-row-identity",
    label=_("identity number on the list"),
    roles={Role.CLERK, Role.APPROVER, Role.SUPERVISOR},
)
def list_row_identity(pk: int) -> Revealed:
    """The identity number as the list gives it."""
    row = ListRow.objects.get(pk=pk)
    return Revealed(row.id_number, None, row.region_id, row.name)


@revealable(
    "pair-identity",
    label=_("identity number on the register"),
    roles={Role.CLERK, Role.APPROVER},
)
def pair_identity(pk: int) -> Revealed:
    """The identity number of the person of the register whom a pair means: child, guardian, parent, head or carer."""
    pair = MatchCandidate.objects.select_related("child__household", "child__region").get(pk=pk)
    person = people_of([pair])[pair.pk]
    return Revealed(person.number, pair.child_id, pair.region_id, person.name)


@revealable(
    "lead-identity",
    label=_("identity number on the list"),
    roles={Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK},
)
def lead_identity(pk: int) -> Revealed:
    """The identity number of a potential child, as the list or the clue gives it."""
    lead = PotentialChild.objects.get(pk=pk)
    return Revealed(lead.id_number, lead.child_id, lead.region_id, lead.name)

"""Which protected values of lists can be seen in full for a reason."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cases.models import ListRow
from staff.enums import Role
from staff.reveal import Revealed, revealable


@revealable("list-row-identity", label=_("identity number on the list"), roles={Role.CLERK, Role.SUPERVISOR})
def list_row_identity(pk: int) -> Revealed:
    """The identity number as the list gives it."""
    row = ListRow.objects.get(pk=pk)
    return Revealed(row.id_number, None, row.region_id, row.name)

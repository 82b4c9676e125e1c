"""Protected values of the subsidies that may be shown in full for a stated reason."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from staff.enums import Role
from staff.reveal import Revealed, revealable
from subsidies.models import Payment


@revealable("payment-account", label=_("account number"), roles={Role.CLERK, Role.RELEASER})
def payment_account(pk: int) -> Revealed:
    """The account that a line was or will be sent to."""
    payment = Payment.objects.get(pk=pk)
    return Revealed(
        payment.account, child_id=payment.child_id, region_id=payment.region_id, person=payment.payee_name
    )

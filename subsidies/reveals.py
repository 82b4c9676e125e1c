"""Protected values of the subsidies that may be shown in full for a stated reason."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from staff.enums import Role
from staff.reveal import Revealed, revealable
from subsidies.models import Application, Payment, TemporaryRelief


@revealable("payment-account", label=_("account number"), roles={Role.CLERK, Role.RELEASER})
def payment_account(pk: int) -> Revealed:
    """The account that a line was or will be sent to."""
    payment = Payment.objects.get(pk=pk)
    return Revealed(
        payment.account, child_id=payment.child_id, region_id=payment.region_id, person=payment.payee_name
    )


@revealable("relief-identity", label=_("identity number"), roles={Role.SUPERVISOR, Role.CLERK, Role.APPROVER})
def relief_identity(pk: int) -> Revealed:
    """公民身份号码 of somebody who was helped for a time, often without a file on the register."""
    relief = TemporaryRelief.objects.get(pk=pk)
    return Revealed(
        relief.identity_number, child_id=relief.child_id, region_id=relief.region_id, person=relief.child_name
    )


@revealable(
    "applicant-phone",
    label=_("phone"),
    roles={Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER},
)
def applicant_phone(pk: int) -> Revealed:
    """The phone of who applied for a child."""
    application = Application.objects.get(pk=pk)
    return Revealed(
        application.applicant_phone,
        child_id=application.child_id,
        region_id=application.region_id,
        person=application.applicant_name,
    )

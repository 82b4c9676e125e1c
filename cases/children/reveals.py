"""What of a child's file can be shown in full after a reason: numbers, telephones, account, health."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cases import identity
from cases.models import Child, DisabilityCard, EntrustedCare, Guardian, Illness, Leaving, Payee
from staff.enums import Role
from staff.reveal import Revealed, revealable
from staff.scope import current

KEEPERS = frozenset({Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER})


# Who goes to the house, so sees where it stands without asking (rules.md 7 masks addresses by default).
VISITORS = frozenset({Role.DIRECTOR, Role.SUPERVISOR})


def address_shown(text: str) -> str:
    """An address as a screen shows it to the reader: whole to who visits, to others township and village."""
    return text if current().role in VISITORS else identity.mask_address(text)


def _of_child(pk: int, field: str) -> Revealed:
    child = Child.objects.get(pk=pk)
    return Revealed(getattr(child, field), child_id=child.pk, region_id=child.region_id, person=child.name)


@revealable("child-identity", label=_("identity number"), roles=KEEPERS)
def child_identity(pk: int) -> Revealed:
    """公民身份号码 of a child."""
    return _of_child(pk, "id_number")


@revealable("child-phone", label=_("phone number"), roles=KEEPERS)
def child_phone(pk: int) -> Revealed:
    """Telephone of a child."""
    return _of_child(pk, "phone")


@revealable("child-address", label=_("address"), roles=KEEPERS)
def child_address(pk: int) -> Revealed:
    """Where a child lives, to the door."""
    return _of_child(pk, "address")


@revealable("child-health", label=_("note on health"), roles=KEEPERS)
def child_health(pk: int) -> Revealed:
    """What is written about a child's health."""
    return _of_child(pk, "health_note")


@revealable("guardian-phone", label=_("phone number"), roles=KEEPERS)
def guardian_phone(pk: int) -> Revealed:
    """Telephone of a guardian or caregiver."""
    found = Guardian.objects.get(pk=pk)
    return Revealed(found.phone, child_id=found.child_id, region_id=found.region_id, person=found.name)


@revealable("payee-account", label=_("account number"), roles=KEEPERS)
def payee_account(pk: int) -> Revealed:
    """Bank account of a payee."""
    found = Payee.objects.get(pk=pk)
    return Revealed(found.account, child_id=found.child_id, region_id=found.region_id, person=found.name)


def _of_carer(pk: int, field: str) -> Revealed:
    found = EntrustedCare.objects.get(pk=pk)
    return Revealed(
        getattr(found, field), child_id=found.child_id, region_id=found.region_id, person=found.carer_name
    )


@revealable("carer-identity", label=_("identity number"), roles=KEEPERS)
def carer_identity(pk: int) -> Revealed:
    """公民身份号码 of a person entrusted with a child."""
    return _of_carer(pk, "carer_id_number")


@revealable("carer-phone", label=_("phone number"), roles=KEEPERS)
def carer_phone(pk: int) -> Revealed:
    """Telephone of a person entrusted with a child."""
    return _of_carer(pk, "carer_phone")


@revealable("leaving-cause", label=_("cause of death"), roles=KEEPERS)
def leaving_cause(pk: int) -> Revealed:
    """死亡原因 of a child that has left the register."""
    found = Leaving.objects.select_related("child").get(pk=pk)
    return Revealed(found.cause, child_id=found.child_id, region_id=found.region_id, person=found.child.name)


@revealable("disability-card", label=_("number of the disability card"), roles=KEEPERS)
def disability_card(pk: int) -> Revealed:
    """残疾人证号 of a child."""
    found = DisabilityCard.objects.select_related("child").get(pk=pk)
    return Revealed(found.number, child_id=found.child_id, region_id=found.region_id, person=found.child.name)


@revealable("illness", label=_("diagnosis"), roles=KEEPERS)
def illness_diagnosis(pk: int) -> Revealed:
    """The diagnosis of an illness of a child."""
    found = Illness.objects.select_related("child").get(pk=pk)
    return Revealed(
        found.diagnosis, child_id=found.child_id, region_id=found.region_id, person=found.child.name
    )

"""Writes about those around a child: household, guardians, parents' situations, payee.

Relations are dated: what was true stays, what is true now is added.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import identity, search
from cases.children.payee_purposes import purposes
from cases.circumstances.enums import DefectKind
from cases.defects import services as defects
from cases.enums import LOST_FOR_GOOD, ParentSituationKind
from cases.models import Child, Guardian, Household, ParentSituation, Payee
from cases.refusals import FIELD, NeedsConfirmation, RegisterRefused, check_duty
from staff.workflow import Actor

SHORTEST_ACCOUNT, LONGEST_ACCOUNT = 12, 24  # digits; 对公 accounts are as short as 12
GUARDIANSHIP = frozenset({DefectKind.NO_GUARDIAN})
PAYEE_AHEAD = dt.timedelta(days=366)
CARD_LENGTHS = range(16, 20)  # digits of a bank card, which end with a Luhn check digit


@dataclass(frozen=True)
class HouseholdData:
    """户: the head as the household register names them."""

    head_name: str
    head_id_number: str = ""
    address: str = ""


@dataclass(frozen=True)
class GuardianData:
    """A guardian or caregiver; ``relation`` and ``kind`` are codes. ``start_date`` None means today."""

    name: str
    relation: str
    kind: str = "both"
    id_number: str = ""
    phone: str = ""
    start_date: dt.date | None = None


@dataclass(frozen=True)
class SituationData:
    """What has become of one parent; ``parent`` is father or mother, ``kind`` and ``evidence`` are codes."""

    parent: str
    kind: str
    start_date: dt.date
    parent_name: str = ""
    expected_end_date: dt.date | None = None
    evidence: str = ""
    document: str = ""
    verified_by: str = ""
    verified_date: dt.date | None = None


@dataclass(frozen=True)
class PayeeData:
    """Who receives the money, and the account (digits, blanks allowed). ``purpose``: see cases.children.payee_purposes."""

    name: str
    relation: str
    bank_name: str
    account: str
    start_date: dt.date | None = None
    purpose: str = ""


def check_identity(text: str, field: str) -> str:
    """The canonical identity number, or empty for empty. ValidationError on the field when invalid."""
    if not text.strip():
        return ""
    try:
        return identity.parse(text).number
    except identity.IdentityError as error:
        raise ValidationError({field: str(error)}) from error


def digest_or_none(number: str) -> bytes | None:
    """Digest of a canonical identity number; None for empty, so that no two missing numbers are equal."""
    return identity.digest_identity(number) if number else None


def account_warning(account: str) -> str:
    """What looks wrong with an account number (digits only), or an empty text. Only a warning."""
    if not SHORTEST_ACCOUNT <= len(account) <= LONGEST_ACCOUNT:
        return _(
            "This account has %(count)s digits; usual are %(low)s to %(high)s. Compare it with the card."
        ) % {
            "count": len(account),
            "low": SHORTEST_ACCOUNT,
            "high": LONGEST_ACCOUNT,
        }
    if len(account) in CARD_LENGTHS and account.startswith("62") and not passes_luhn(account):
        return _("The last digit of this card number does not fit the others; one of them is mistyped.")
    return ""


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, character in enumerate(reversed(digits)):
        value = int(character) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def keep_household(child_region_id: int, data: HouseholdData) -> Household:
    """The household with this head's identity number in the village, else a new one."""
    number = check_identity(data.head_id_number, "head_id_number")
    if number:
        known = Household.objects.filter(
            region_id=child_region_id, head_id_digest=identity.digest_identity(number)
        ).first()
        if known is not None:
            return known
    return Household.objects.create(
        region_id=child_region_id,
        head_name=data.head_name.strip(),
        head_id_number=number,
        head_id_digest=digest_or_none(number),
        address=data.address.strip(),
    )


def add_guardian(
    child: Child, data: GuardianData, *, at: dt.datetime, actor: Actor | None = None, index: bool = True
) -> Guardian:
    """Add a guardian or caregiver from a day on. ValidationError by field."""
    check_duty(actor or Actor.current(), FIELD)
    today = timezone.localdate(at)
    if data.start_date and data.start_date > today:
        raise ValidationError({"start_date": _("This day is still to come.")})
    number = check_identity(data.id_number, "id_number")
    guardian = Guardian(
        child=child,
        region_id=child.region_id,
        kind=data.kind,
        name=data.name.strip(),
        relation=data.relation,
        id_number=number,
        id_digest=digest_or_none(number),
        phone=data.phone.strip(),
        start_date=data.start_date or today,
    )
    guardian.full_clean()
    guardian.save()
    if index:
        search.index_children([child.pk])
        defects.follow_register([child.pk], at=at, actor=actor, touched=GUARDIANSHIP)
    return guardian


def end_guardian(
    guardian: Guardian, *, day: dt.date, at: dt.datetime, actor: Actor | None = None
) -> Guardian:
    """The relation ends on a day (the last day it held). RegisterRefused when it has ended already."""
    check_duty(actor or Actor.current(), FIELD)
    if guardian.end_date is not None:
        raise RegisterRefused(_("This relation has already ended."))
    _check_last_day(guardian.start_date, day, at)
    guardian.end_date = day
    guardian.save(update_fields=["end_date"])
    defects.follow_register([guardian.child_id], at=at, actor=actor)
    return guardian


def _check_last_day(start: dt.date, day: dt.date, at: dt.datetime) -> None:
    if day < start:
        raise ValidationError({"day": _("The last day lies before the first day.")})
    if day > timezone.localdate(at):
        raise ValidationError({"day": _("This day is still to come.")})


def add_situation(
    child: Child, data: SituationData, *, at: dt.datetime, actor: Actor | None = None, follow: bool = True
) -> ParentSituation:
    """Record what has become of a parent. ValidationError by field, also for a kind in force already.

    ``follow`` False leaves it to the caller to ask what the child lacks now.
    """
    check_duty(actor or Actor.current(), FIELD)
    if data.start_date > timezone.localdate(at):
        raise ValidationError({"start_date": _("This day is still to come.")})
    if data.expected_end_date and ParentSituationKind(data.kind) in LOST_FOR_GOOD:
        raise ValidationError(
            {"expected_end_date": _("A death or a declared disappearance has no expected end.")}
        )
    if data.expected_end_date and data.expected_end_date < data.start_date:
        raise ValidationError({"expected_end_date": _("The last day lies before the first day.")})
    situation = ParentSituation(
        child=child,
        region_id=child.region_id,
        parent=data.parent,
        parent_name=data.parent_name.strip(),
        kind=data.kind,
        start_date=data.start_date,
        expected_end_date=data.expected_end_date,
        evidence=data.evidence,
        document=data.document.strip(),
        verified_by=data.verified_by.strip(),
        verified_date=data.verified_date,
    )
    situation.full_clean()
    situation.save()
    if follow:
        defects.follow_register([child.pk], at=at, actor=actor)
    return situation


def end_situation(
    situation: ParentSituation, *, day: dt.date, at: dt.datetime, actor: Actor | None = None
) -> ParentSituation:
    """The situation is found to be over from a day on."""
    check_duty(actor or Actor.current(), FIELD)
    if situation.end_date is not None:
        raise RegisterRefused(_("This situation has already ended."))
    _check_last_day(situation.start_date, day, at)
    situation.end_date = day
    situation.save(update_fields=["end_date"])
    defects.follow_register([situation.child_id], at=at, actor=actor, touched=GUARDIANSHIP)
    return situation


def set_payee(
    child: Child, data: PayeeData, *, at: dt.datetime, actor: Actor | None = None, confirmed: bool = False
) -> Payee:
    """Name who receives the child's money from a day on; the payee in force for the same purpose ends the day before.

    ValidationError by field; NeedsConfirmation for an account that looks wrong or has two holders.
    """
    check_duty(actor or Actor.current(), FIELD)
    if data.purpose not in dict(purposes()):
        raise ValidationError({"purpose": _("Choose what the account is for.")})
    account = "".join(c for c in identity.canonical(data.account) if c.isdigit())
    if not account:
        raise ValidationError({"account": _("An account number has digits.")})
    digest = identity.digest_account(account)
    today = timezone.localdate(at)
    start = data.start_date or today
    if start > today + PAYEE_AHEAD:
        raise ValidationError({"start_date": _("A payee is named at most a year ahead.")})
    warnings = [("account", text)] if (text := account_warning(account)) else []
    others = Payee.objects.filter(account_digest=digest, end_date__isnull=True).exclude(child=child)
    if others.exclude(name=data.name.strip()).exists():
        warnings.append(
            ("account", _("The same account is recorded for another child under another holder's name."))
        )
    if warnings and not confirmed:
        raise NeedsConfirmation(warnings)
    payee = Payee(
        child=child,
        region_id=child.region_id,
        name=data.name.strip(),
        relation=data.relation,
        bank_name=data.bank_name.strip(),
        account=account,
        account_digest=digest,
        start_date=start,
        purpose=data.purpose,
    )
    payee.clean_fields(exclude=["child", "region"])
    try:
        with transaction.atomic():
            in_force = Payee.objects.filter(child=child, purpose=data.purpose, end_date__isnull=True)
            for former in in_force.select_for_update():
                if former.start_date >= start:
                    raise ValidationError({"start_date": _("The present payee began on that day or later.")})
                former.end_date = start - dt.timedelta(days=1)
                former.save(update_fields=["end_date"])
            payee.save()
    except IntegrityError as error:
        raise RegisterRefused(_("Another payee was recorded at the same moment. Reload the page.")) from error
    return payee

"""Every write to the register itself: adding a child, changing its file, its risk.

Reasons given here stand in the history beside the change (:mod:`staff.audit`). Those around the child are in
:mod:`cases.children.family`, sharing in :mod:`cases.children.sharing`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import ages, identity, numbers, search
from cases.categories.changes import check_detail
from cases.children import family
from cases.children.family import GuardianData, HouseholdData, PayeeData, SituationData
from cases.colours import resting_on
from cases.defects import services as defects
from cases.defects.rules import kinds_touched
from cases.duplicates.twins import Facts, Twins, twins_of
from cases.eligibility import illness
from cases.enums import RiskLevel
from cases.models import Child, ChildAttribute
from cases.refusals import FIELD, AlreadyRegistered, NeedsConfirmation, RegisterRefused, check_duty
from cases.visits import rules as visit_rules
from staff import parameters
from staff.scope import current, open_scope
from staff.workflow import Actor

OLDEST = 25  # years; 孤儿 who study may stay on the register past 18

# What change_child may write. Category, risk and leaving have services of their own.
CHANGEABLE = frozenset(
    {
        *(
            "name",
            "id_number",
            "birth_date",
            "sex",
            "ethnicity",
            "placement",
            "registration",
            "address",
            "phone",
        ),
        *("household_region_id", "residence_region_id", "residence_since"),
        *("school_stage", "school_name", "enrolled_until"),
        *("health_status", "health_note", "insurance"),
    }
)


@dataclass(frozen=True)
class ChildData:
    """A new file. Codes are those of :mod:`cases.enums`; dates None mean the day of registration."""

    name: str
    birth_date: dt.date
    sex: str
    primary_category: str
    id_number: str = ""
    number: str = ""
    ethnicity: str = ""
    category_detail: str = ""
    category_since: dt.date | None = None
    placement: str = "scattered"
    risk: str = "green"
    household_region_id: int | None = None
    residence_region_id: int | None = None
    residence_since: dt.date | None = None
    registration: str = ""
    address: str = ""
    school_stage: str = ""
    school_name: str = ""
    enrolled_until: dt.date | None = None
    health_status: str = ""
    health_note: str = ""
    insurance: str = ""
    phone: str = ""
    registered_date: dt.date | None = None
    last_visit_date: dt.date | None = None
    household: HouseholdData | None = None
    guardians: tuple[GuardianData, ...] = ()
    parents: tuple[SituationData, ...] = ()
    payee: PayeeData | None = None
    attributes: tuple[str, ...] = ()


def identity_warnings(number: str, birth_date: dt.date, sex: str, on: dt.date) -> list[tuple[str, str]]:
    """What is contradictory or unusual in a child's data: (field, sentence). ``number`` may be empty."""
    found: list[tuple[str, str]] = []
    if number:
        stated = identity.parse(number)
        if stated.birth_date != birth_date:
            found.append(
                (
                    "birth_date",
                    _("The identity number says %(date)s.") % {"date": stated.birth_date.isoformat()},
                )
            )
        if stated.sex != sex:
            found.append(("sex", _("The identity number says %(sex)s.") % {"sex": stated.sex.label}))
    if birth_date <= on and ages.is_adult(birth_date, on):
        found.append(("birth_date", _("This person is 18 or older.")))
    return found


def _check_birth(birth_date: dt.date, on: dt.date) -> None:
    if birth_date > on:
        raise ValidationError({"birth_date": _("The date of birth is still to come.")})
    if ages.age_on(birth_date, on) >= OLDEST:
        raise ValidationError(
            {"birth_date": _("The register is for children and young people in education.")}
        )


def _find_duplicate(number: str, but: int = 0) -> None:
    """Raise AlreadyRegistered naming the child when the scope shows one with this number on the register."""
    found = Child.objects.filter(id_digest=identity.digest_identity(number), left_date__isnull=True)
    known = found.exclude(pk=but).first()
    if known is not None:
        raise AlreadyRegistered(known)


def _save_once(child: Child, **options: Any) -> None:
    """Save; AlreadyRegistered(None) when only the unique index knows the number, from a row out of sight."""
    try:
        with transaction.atomic():
            child.save(**options)
    except IntegrityError as error:
        if "child_identity_once" in str(error):
            raise AlreadyRegistered(None) from error
        raise


def _intervals(region_id: int, on: dt.date) -> dict[RiskLevel, int]:
    return visit_rules.intervals_from(parameters.value(region_id, "visit_interval_days", on))


def add_child(
    data: ChildData,
    *,
    region_id: int,
    at: dt.datetime,
    actor: Actor | None = None,
    confirmed: bool = False,
    index: bool = True,
) -> Child:
    """Open the file of a child in a village, with all those around it, or nothing of it.

    ValidationError by field (a guardian's, parent's or payee's under the prefix ``guardian-0-`` and so on);
    NeedsConfirmation unless ``confirmed``; AlreadyRegistered when the identity number is on a register.
    """
    actor = actor or Actor.current()
    check_duty(actor, FIELD)
    if not current().covers(region_id):
        raise RegisterRefused(_("This village is not in your area."))
    today = timezone.localdate(at)
    number = family.check_identity(data.id_number, "id_number")
    _check_birth(data.birth_date, today)
    illness.refuse_protected(data.health_note, "health_note")
    if number:
        _find_duplicate(number)
    warnings = identity_warnings(number, data.birth_date, data.sex, today)
    known = Twins() if confirmed else twins_of(Facts(data.name, data.birth_date, number, region_id))
    if known.taken:
        raise AlreadyRegistered(None)
    warnings += known.warnings()
    if data.payee is not None:
        digits = "".join(c for c in identity.canonical(data.payee.account) if c.isdigit())
        if digits and (text := family.account_warning(digits)):
            warnings.append(("payee-account", text))
    if warnings and not confirmed:
        raise NeedsConfirmation(warnings, known)
    registered = data.registered_date or today
    risk = RiskLevel(data.risk)
    given, key = numbers.next_number(region_id)
    with transaction.atomic():
        child = Child(
            pk=key,
            number=data.number.strip() or given,
            name=data.name.strip(),
            id_number=number,
            id_digest=family.digest_or_none(number),
            birth_date=data.birth_date,
            sex=data.sex,
            ethnicity=data.ethnicity.strip(),
            primary_category=data.primary_category,
            category_detail=check_detail(data.primary_category, data.category_detail, "category_detail"),
            category_since=data.category_since or registered,
            placement=data.placement,
            region_id=region_id,
            household_region_id=data.household_region_id or region_id,
            residence_region_id=data.residence_region_id or region_id,
            residence_since=data.residence_since,
            registration=data.registration,
            address=data.address.strip(),
            school_stage=data.school_stage,
            school_name=data.school_name.strip(),
            enrolled_until=data.enrolled_until,
            health_status=data.health_status,
            health_note=data.health_note.strip(),
            insurance=data.insurance,
            phone=data.phone.strip(),
            risk=risk,
            risk_since=registered,
            registered_date=registered,
            last_visit_date=data.last_visit_date,
            next_visit_date=visit_rules.next_due(
                data.last_visit_date or registered, risk, _intervals(region_id, today)
            ),
        )
        child.clean_fields(exclude=["region", "household_region", "residence_region", "household"])
        if data.household is not None:
            with _prefixed("household"):
                child.household = family.keep_household(region_id, data.household)
        _save_once(child, force_insert=True)
        for kind in sorted({data.primary_category, *data.attributes}):
            ChildAttribute.objects.create(
                child=child, region_id=region_id, kind=kind, start_date=child.category_since or registered
            )
        for place, guardian in enumerate(data.guardians):
            with _prefixed(f"guardian-{place}"):
                family.add_guardian(child, guardian, at=at, actor=actor, index=False)
        for situation in data.parents:
            with _prefixed(situation.parent):
                family.add_situation(child, situation, at=at, actor=actor, follow=False)
        if data.payee is not None:
            with _prefixed("payee"):
                family.set_payee(child, data.payee, at=at, actor=actor, confirmed=True)
        if index:  # else whoever adds many looks at all of them at once
            search.index_children([child.pk])
            defects.follow_register([child.pk], at=at, actor=actor)
    return child


class _prefixed:
    """Errors of a part of a form are told under the names of that part."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, ValidationError) and hasattr(error, "error_dict"):
            raise ValidationError(
                {f"{self.prefix}-{name}": found for name, found in error.error_dict.items()}
            ) from error


def change_child(
    child: Child,
    changes: dict[str, Any],
    *,
    at: dt.datetime,
    actor: Actor | None = None,
    reason: str = "",
    confirmed: bool = False,
) -> Child:
    """Change the fields named in CHANGEABLE. Same errors as add_child; a ValueError for another field."""
    check_duty(actor or Actor.current(), FIELD)
    if unknown := changes.keys() - CHANGEABLE:
        raise ValueError(f"not changed here: {sorted(unknown)}")
    today = timezone.localdate(at)
    changes = {name: value.strip() if isinstance(value, str) else value for name, value in changes.items()}
    if "id_number" in changes:
        changes["id_number"] = family.check_identity(changes["id_number"], "id_number")
    illness.refuse_protected(changes.get("health_note", ""), "health_note")
    with open_scope(replace(current(), reason=reason)):
        locked = Child.objects.select_for_update(of=("self",)).get(pk=child.pk)
        if locked.merged_into_id is not None:
            raise RegisterRefused(_("This file was merged into another one. Change that one."))
        touched = {name for name, value in changes.items() if getattr(locked, name) != value}
        for name, value in changes.items():
            setattr(locked, name, value)
        warnings: list[tuple[str, str]] = []
        known = Twins()
        if {"birth_date", "id_number", "sex"} & changes.keys():
            _check_birth(locked.birth_date, today)
            if locked.id_number:
                _find_duplicate(locked.id_number, but=locked.pk)
            warnings = identity_warnings(locked.id_number, locked.birth_date, locked.sex, today)
            locked.id_digest = family.digest_or_none(locked.id_number)
        if {"birth_date", "id_number", "name"} & changes.keys() and not confirmed:
            facts = Facts(locked.name, locked.birth_date, locked.id_number, locked.region_id)
            known = twins_of(facts, but=locked.pk)
            if known.taken:
                raise AlreadyRegistered(None)
        if (warnings or known) and not confirmed:
            raise NeedsConfirmation(warnings + known.warnings(), known)
        locked.clean_fields(exclude=["region", "household_region", "residence_region", "household"])
        _save_once(locked)
        search.index_children([locked.pk])
        defects.follow_register([locked.pk], at=at, actor=actor, touched=kinds_touched(touched))
    return locked


def set_risk(
    child: Child,
    risk: str,
    *,
    at: dt.datetime,
    actor: Actor | None = None,
    reason: str = "",
    next_visit_date: dt.date | None = None,
    ground: str = "",
) -> Child:
    """Set the colour that is in force. A better one needs the ``ground`` it rests on (cases.colours).

    The next visit moves to ``next_visit_date`` if given, else to within the new colour's interval from today.
    """
    check_duty(actor or Actor.current(), FIELD)
    level, today = RiskLevel(risk), timezone.localdate(at)
    with open_scope(replace(current(), reason=reason)):
        locked = Child.objects.select_for_update(of=("self",)).get(pk=child.pk)
        if locked.left_date is not None:
            raise RegisterRefused(_("The child has left the register."))
        if RiskLevel(locked.risk).is_worse_than(level) and not ground:
            raise RegisterRefused(
                _("A better colour needs an assessment and the approval of another person.")
            )
        latest = visit_rules.next_due(today, level, _intervals(locked.region_id, today))
        if locked.risk != level:
            locked.risk, locked.risk_since = level, today
        locked.next_visit_date = next_visit_date or min(locked.next_visit_date or latest, latest)
        with resting_on(ground):
            locked.save(update_fields=["risk", "risk_since", "next_visit_date", "updated_at"])
    return locked

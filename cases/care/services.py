"""Entrusted care (委托照护): every write, and what is known of one when the law is asked about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import identity
from cases.care.rules import CareFacts, Disqualified, Finding, check_care
from cases.children import family
from cases.circumstances.enums import CareEnd, ContactKind
from cases.enums import HealthStatus, SchoolStage
from cases.matching.discrepancies.deaths import is_recorded_dead
from cases.models import CareContact, Child, EntrustedCare, ListRow
from cases.refusals import FIELD, RegisterRefused, check_duty
from staff.models.region import county_of
from staff.scope import system_scope
from staff.workflow import Actor

# Those who have a school or kindergarten that must be told.
IN_SCHOOL = frozenset(SchoolStage) - {
    SchoolStage.BELOW_SCHOOL_AGE,
    SchoolStage.NOT_IN_SCHOOL,
    SchoolStage.LEFT_SCHOOL,
    SchoolStage.UNSTATED,
}
# Answers kept in EntrustedCare.checks, with what an absent one means.
ANSWERS: dict[str, bool] = {
    "capacity": True,
    "lives_with": True,
    "watched": True,
    "infectious": False,
    "can_speak": True,
    **dict.fromkeys(Disqualified.values, False),
}
DAYS = ("agreed_date", "heard_date", "school_told_date", "village_told_date")
# What may be corrected or filled in later; answers to the checks may not: who becomes unfit is replaced.
CHANGEABLE = frozenset({*DAYS, "carer_phone", "carer_health", "carer_note", "carer_relation"})
PARAMETERS = ("care_contact_days", "care_children_most")


class CareRefused(RegisterRefused):
    """The law forbids this entrustment; ``findings`` are what blocks it, each with article and remedy."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__(" ".join(f"{one.article}{_(': ')}{one.sentence} {one.remedy}" for one in findings))


@dataclass(frozen=True)
class CareData:
    """A new entrustment. ``answers`` are the keys of ANSWERS; ``start_date`` None means today."""

    entrusted_by: str
    carer_name: str
    carer_relation: str
    carer_id_number: str = ""
    carer_phone: str = ""
    carer_health: str = ""
    carer_note: str = ""
    start_date: dt.date | None = None
    agreed_date: dt.date | None = None
    heard_date: dt.date | None = None
    school_told_date: dt.date | None = None
    village_told_date: dt.date | None = None
    answers: dict[str, bool] = field(default_factory=dict)


def add_care(child: Child, data: CareData, *, at: dt.datetime, actor: Actor | None = None) -> EntrustedCare:
    """Record that the parents entrust the child to somebody.

    CareRefused when the law forbids it; gaps are saved and told on its page. ValidationError by field, also
    when somebody is entrusted already.
    """
    actor = actor or Actor.current()
    check_duty(actor, FIELD)
    today = timezone.localdate(at)
    if child.left_date is not None:
        raise RegisterRefused(_("The child has left the register."))
    number = family.check_identity(data.carer_id_number, "carer_id_number")
    if number and number == child.id_number:
        raise ValidationError({"carer_id_number": _("This is the child's own number.")})
    care = EntrustedCare(
        child=child,
        region_id=child.region_id,
        entrusted_by=data.entrusted_by,
        carer_name=data.carer_name.strip(),
        carer_relation=data.carer_relation,
        carer_id_number=number,
        carer_id_digest=family.digest_or_none(number),
        carer_phone=data.carer_phone.strip(),
        carer_health=data.carer_health.strip(),
        carer_note=data.carer_note.strip(),
        start_date=data.start_date or today,
        checks={code: bool(data.answers.get(code, usual)) for code, usual in ANSWERS.items()},
        recorded_by_id=actor.user_id or None,
        created_at=at,
        **{name: getattr(data, name) for name in DAYS},
    )
    _check_days(care, today)
    care.full_clean(exclude=["region", "recorded_by"])
    blocking = [one for one in check_care(_facts(care, dead=_is_dead(care)), today) if one.blocks]
    if blocking:
        raise CareRefused(blocking)
    try:
        with transaction.atomic():
            care.save(force_insert=True)
    except IntegrityError as error:
        raise RegisterRefused(_("The child is already entrusted to somebody. End that first.")) from error
    return care


def change_care(
    care: EntrustedCare, changes: dict[str, Any], *, at: dt.datetime, actor: Actor | None = None
) -> EntrustedCare:
    """Fill in days and what is known of the carer. ValidationError by field; a ValueError for another field."""
    check_duty(actor or Actor.current(), FIELD)
    if unknown := changes.keys() - CHANGEABLE:
        raise ValueError(f"not changed here: {sorted(unknown)}")
    with transaction.atomic():
        locked = _lock_open(care)
        for name, value in changes.items():
            setattr(locked, name, value.strip() if isinstance(value, str) else value)
        _check_days(locked, timezone.localdate(at))
        locked.clean_fields(exclude=["child", "region", "recorded_by"])
        locked.save(update_fields=list(changes))
    return locked


def end_care(
    care: EntrustedCare, *, day: dt.date, reason: str, at: dt.datetime, actor: Actor | None = None
) -> EntrustedCare:
    """The entrustment ends on a day, for one of CareEnd. RegisterRefused when it has ended already."""
    check_duty(actor or Actor.current(), FIELD)
    with transaction.atomic():
        locked = _lock_open(care)
        if day < locked.start_date:
            raise ValidationError({"day": _("The last day lies before the first day.")})
        if day > timezone.localdate(at):
            raise ValidationError({"day": _("This day is still to come.")})
        locked.end_date, locked.end_reason = day, CareEnd(reason)
        locked.save(update_fields=["end_date", "end_reason"])
    return locked


def record_contact(
    care: EntrustedCare,
    *,
    kind: str,
    date: dt.date,
    at: dt.datetime,
    note: str = "",
    actor: Actor | None = None,
) -> CareContact:
    """Record that the parents were in touch. The same kind twice on a day is one contact: a second tap changes nothing."""
    actor = actor or Actor.current()
    check_duty(actor, FIELD)
    chosen = ContactKind(kind)
    with transaction.atomic():
        locked = _lock_open(care)
        if date > timezone.localdate(at):
            raise ValidationError({"date": _("This day is still to come.")})
        if date < locked.start_date:
            raise ValidationError({"date": _("The care began later.")})
        contact, created = CareContact.objects.get_or_create(
            care=locked,
            kind=chosen,
            date=date,
            defaults={
                "child_id": locked.child_id,
                "region_id": locked.region_id,
                "note": note.strip(),
                "user_id": actor.user_id or None,
                "created_at": at,
            },
        )
        if created and (locked.last_contact_date is None or date > locked.last_contact_date):
            locked.last_contact_date = date
            locked.save(update_fields=["last_contact_date"])
    return contact


def findings_of(
    cares: Sequence[EntrustedCare], on: dt.date, settings: dict[str, Any]
) -> dict[int, list[Finding]]:
    """What the law finds wrong with each recorded entrustment on a day (its last day if it has ended), by its key.

    ``settings`` are the parameters named in PARAMETERS. Two queries, however many there are: how many children are
    entrusted to each carer, and who of them a death register names, both as far as the reader sees.
    """
    digests = {bytes(one.carer_id_digest) for one in cares if one.carer_id_digest and one.end_date is None}
    held: dict[bytes, int] = {}
    dead: set[bytes] = set()
    if digests:
        open_ones = EntrustedCare.objects.filter(
            carer_id_digest__in=digests, end_date__isnull=True
        ).order_by()
        counted = open_ones.values_list("carer_id_digest").annotate(n=Count("pk"))
        held = {bytes(digest): number for digest, number in counted}
        named = ListRow.objects.filter(id_digest__in=digests, kind="death").order_by()
        dead = {bytes(digest) for digest in named.values_list("id_digest", flat=True) if digest}
    found = {}
    for one in cares:
        digest = bytes(one.carer_id_digest or b"")
        facts = _facts(one, dead=digest in dead, held=held.get(digest, 1), settings=settings)
        found[one.pk] = check_care(facts, min(on, one.end_date) if one.end_date else on)
    return found


def _facts(
    care: EntrustedCare, *, dead: bool, held: int = 1, settings: dict[str, Any] | None = None
) -> CareFacts:
    answers = ANSWERS | care.checks
    limits = (
        {"contact_days": settings["care_contact_days"], "children_most": settings["care_children_most"]}
        if settings
        else {}
    )
    return CareFacts(
        birth_date=care.child.birth_date,
        start_date=care.start_date,
        carer_birth_date=identity.birth_date_of(care.carer_id_number) if care.carer_id_number else None,
        carer_dead=dead,
        special_care=care.child.health_status in (HealthStatus.SEVERE, HealthStatus.DISABLED),
        in_school=care.child.school_stage in IN_SCHOOL,
        disqualified=frozenset(code for code in Disqualified if answers[code.value]),
        last_contact_date=care.last_contact_date,
        children_of_carer=held,
        **{code: answers[code] for code in ("capacity", "lives_with", "watched", "infectious", "can_speak")},
        **{name: getattr(care, name) for name in DAYS},
        **limits,
    )


def _is_dead(care: EntrustedCare) -> bool:
    """Whether a death register of the county names the carer: asked of the whole county, answered yes or no."""
    if care.carer_id_digest is None or not care.carer_id_number:
        return False
    county = county_of(care.region_id)
    with system_scope(
        reason="carer in the death register",
        ranges=[(county, county + 999_999)],
        lenses=("cases",),
        log=False,
    ):
        return is_recorded_dead(care.carer_id_number, lo=county, hi=county + 999_999)


def _check_days(care: EntrustedCare, today: dt.date) -> None:
    names: Iterable[str] = ("start_date", *DAYS)
    late = {name: _("This day is still to come.") for name in names if (getattr(care, name) or today) > today}
    if care.start_date < care.child.birth_date:
        late["start_date"] = _("This day lies before the child's birth.")
    if late:
        raise ValidationError(late)


def _lock_open(care: EntrustedCare) -> EntrustedCare:
    locked = (
        EntrustedCare.objects.select_for_update(of=("self",))
        .select_related("child")
        .filter(pk=care.pk)
        .first()
    )
    if locked is None:
        raise RegisterRefused(_("The record is no longer in your area."))
    if locked.end_date is not None:
        raise RegisterRefused(_("This entrusted care has ended already."))
    return locked

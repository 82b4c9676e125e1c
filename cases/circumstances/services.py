"""Writes about a child's circumstances: parents' absences, disability cards, illnesses; and what follows from them.

Everything is dated: what was true stays with its last day.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import identity
from cases.categories import changes as category_changes
from cases.eligibility import disability, illness
from cases.eligibility.absences import twelve
from cases.enums import Attribute, PrimaryCategory
from cases.models import Child, ChildAttribute, DisabilityCard, Illness, ParentAbsence
from cases.refusals import FIELD, REVIEWERS, NeedsConfirmation, RegisterRefused, check_duty
from staff import parameters
from staff.scope import current, open_scope
from staff.workflow import Actor

Dated = ParentAbsence | DisabilityCard | Illness


@dataclass(frozen=True)
class AbsenceData:
    """A parent away; ``destination_code`` has 6 or 12 digits."""

    parent: str
    start_date: dt.date
    end_date: dt.date | None = None
    destination_code: int | None = None
    destination: str = ""
    note: str = ""


@dataclass(frozen=True)
class CardData:
    """A disability card by its number; ``components`` of multiple disabilities: {"kind", "level"} each."""

    number: str
    start_date: dt.date
    end_date: dt.date | None = None
    components: tuple[dict[str, Any], ...] = field(default=())


@dataclass(frozen=True)
class IllnessData:
    """An illness; ``self_paid`` in yuan of last year."""

    diagnosis: str
    start_date: dt.date
    self_paid: Decimal | None = None


def _check_days(start: dt.date, end: dt.date | None, today: dt.date) -> None:
    if start > today:
        raise ValidationError({"start_date": _("This day is still to come.")})
    if end is not None and end < start:
        raise ValidationError({"end_date": _("The last day lies before the first day.")})


def _check_open(child: Child) -> None:
    if child.left_date is not None:
        raise RegisterRefused(_("The child has left the register."))


def add_absence(
    child: Child, data: AbsenceData, *, at: dt.datetime, actor: Actor | None = None
) -> ParentAbsence:
    """A parent lives elsewhere for work from a day on. ValidationError by field; RegisterRefused when it overlaps."""
    check_duty(actor or Actor.current(), FIELD)
    _check_open(child)
    _check_days(data.start_date, data.end_date, timezone.localdate(at))
    if data.destination_code is not None:
        try:
            twelve(data.destination_code)
        except ValueError:
            raise ValidationError(
                {
                    "destination_code": _(
                        "Write the division code of the county (6 digits) or place (12 digits)."
                    )
                }
            ) from None
    same = ParentAbsence.objects.filter(child=child, parent=data.parent)
    if same.filter(end_date__isnull=True).exists() and data.end_date is None:
        raise RegisterRefused(_("This parent's absence is already on record. End it first."))
    for other in same:
        ends_before = other.end_date is not None and other.end_date < data.start_date
        begins_after = data.end_date is not None and data.end_date < other.start_date
        if not (ends_before or begins_after):
            raise RegisterRefused(
                _(
                    "This parent is on record as away from %(day)s already. Choose other days, or end that first."
                )
                % {"day": other.start_date}
            )
    absence = ParentAbsence(
        child=child,
        region_id=child.region_id,
        parent=data.parent,
        start_date=data.start_date,
        end_date=data.end_date,
        destination_code=data.destination_code,
        destination=data.destination.strip(),
        note=data.note.strip(),
    )
    absence.clean_fields(exclude=["child", "region"])
    absence.save()
    return absence


def add_card(
    child: Child,
    data: CardData,
    *,
    at: dt.datetime,
    actor: Actor | None = None,
    confirmed: bool = False,
) -> DisabilityCard:
    """A disability card by its number. ValidationError on ``number`` names the fault; NeedsConfirmation when the
    card bears another identity number than the child and the child's may be wrong.

    A card in force ends the day before the new one begins, also one that was valid for longer; one that began later
    stays as it is.
    """
    check_duty(actor or Actor.current(), FIELD)
    _check_open(child)
    _check_days(data.start_date, data.end_date, timezone.localdate(at))
    try:
        card = disability.parse_card(data.number)
    except disability.CardError as error:
        raise ValidationError({"number": str(error)}) from error
    if not disability.belongs_to(card, child.id_number) and not confirmed:
        raise NeedsConfirmation(
            [("number", _("The card bears another identity number than the child's file. Compare both."))]
        )
    digest = identity.digest_identity(card.number)
    if DisabilityCard.objects.filter(child=child, number_digest=digest).exists():
        raise RegisterRefused(_("This card is on record already."))
    multiple = card.kind.value == "7"
    components = [dict(part) for part in data.components] if multiple else []
    for part in components:
        if str(part.get("kind")) not in set("123456") or part.get("level") not in (1, 2, 3, 4):
            raise ValidationError(
                {"components": _("A component is a kind of disability with a level from 1 to 4.")}
            )
    with transaction.atomic():
        in_force = Q(end_date__isnull=True) | Q(end_date__gte=data.start_date)
        for former in DisabilityCard.objects.filter(in_force, child=child, start_date__lte=data.start_date):
            former.end_date = max(former.start_date, data.start_date - dt.timedelta(days=1))
            former.save(update_fields=["end_date"])
        later = DisabilityCard.objects.filter(child=child, start_date__gt=data.start_date)
        begins = later.order_by("start_date").values_list("start_date", flat=True).first()
        replaced = begins and begins - dt.timedelta(days=1)
        return DisabilityCard.objects.create(
            child=child,
            region_id=child.region_id,
            number=card.number,
            number_digest=digest,
            kind=card.kind,
            level=card.level,
            components=components,
            start_date=data.start_date,
            end_date=min(filter(None, (data.end_date, replaced)), default=None),
        )


def add_illness(child: Child, data: IllnessData, *, at: dt.datetime, actor: Actor | None = None) -> Illness:
    """An illness of the child. The condition of the protected compartment is refused here: ValidationError."""
    check_duty(actor or Actor.current(), FIELD)
    _check_open(child)
    today = timezone.localdate(at)
    _check_days(data.start_date, None, today)
    diagnosis = data.diagnosis.strip()
    if not diagnosis:
        raise ValidationError({"diagnosis": _("Write the diagnosis.")})
    illness.refuse_protected(diagnosis, "diagnosis")
    found = illness.severity(diagnosis, data.self_paid, *thresholds(child.region_id, today))
    row = Illness(
        child=child,
        region_id=child.region_id,
        diagnosis=diagnosis,
        severe=found.severe,
        self_paid=data.self_paid,
        start_date=data.start_date,
    )
    row.clean_fields(exclude=["child", "region"])
    row.save()
    return row


def thresholds(region_id: int, on: dt.date) -> tuple[list[str], Decimal]:
    """The county's list of severe illnesses, and the yuan above which an illness is severe by its cost."""
    found = parameters.values(region_id, ("severe_illnesses", "severe_illness_self_paid"), on)
    return list(found["severe_illnesses"]), Decimal(str(found["severe_illness_self_paid"]))


def end_circumstance(row: Dated, *, day: dt.date, at: dt.datetime, actor: Actor | None = None) -> None:
    """The last day of an absence, a card or an illness. RegisterRefused when it has one already."""
    check_duty(actor or Actor.current(), FIELD)
    if row.end_date is not None and row.end_date <= timezone.localdate(at):
        raise RegisterRefused(_("This has ended already."))
    if day < row.start_date:
        raise ValidationError({"day": _("The last day lies before the first day.")})
    if day > timezone.localdate(at):
        raise ValidationError({"day": _("This day is still to come.")})
    row.end_date = day
    row.save(update_fields=["end_date"])


def take_over(
    child: Child,
    kind: str,
    *,
    since: dt.date,
    at: dt.datetime,
    reason: str,
    detail: str = "",
    as_primary: bool = False,
    actor: Actor | None = None,
) -> None:
    """Take what the rules say into the file: a dated attribute, or the primary category too (with ``as_primary``).

    The supervisor or the county decides. RegisterRefused when the child has it already.
    """
    check_duty(actor or Actor.current(), REVIEWERS)
    _check_open(child)
    attribute = Attribute(kind)
    if since > timezone.localdate(at):
        raise ValidationError({"since": _("This day is still to come.")})
    if not reason.strip():
        raise ValidationError({"reason": _("Write the reason in words.")})
    if as_primary:
        category_changes.set_category(
            child, PrimaryCategory(kind), since=since, at=at, actor=actor, reason=reason, detail=detail
        )
        return
    with open_scope(replace(current(), reason=reason)):
        locked = Child.objects.select_for_update(of=("self",)).get(pk=child.pk)
        if ChildAttribute.objects.filter(child=locked, kind=attribute, end_date__isnull=True).exists():
            raise RegisterRefused(_("The child holds this attribute already."))
        ChildAttribute.objects.create(
            child=locked, region_id=locked.region_id, kind=attribute, start_date=since, evidence=reason[:120]
        )

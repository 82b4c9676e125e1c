"""Remedies that touch a child's family, health, schooling and standing; each calls the service of the child's own page."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import identity
from cases.care import services as care
from cases.children import family
from cases.circumstances.enums import CareEnd
from cases.enums import Evidence, LeaveReason, ParentSituationKind
from cases.leaving import services as leaving
from cases.matching.discrepancies.finding_register import IN_CUSTODY, PARENTS
from cases.matching.discrepancies.remedies import Kind, Remedy, RemedyForm, child_of, remedy
from cases.models import Discrepancy, EntrustedCare, Guardian, ParentSituation
from cases.models.matching import MatchRole
from cases.visits import services as visits
from staff.calendar import add_working_days
from staff.holidays import overrides
from staff.workflow import Actor, TransitionRefused

NEW_GUARDIAN_DAYS: Final = 5  # working days until the director has asked who looks after the child


def day_input(label: Any, *, required: bool = True) -> forms.DateField:
    return forms.DateField(
        label=label, required=required, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )


def day_told(discrepancy: Discrepancy, key: str = "event") -> dt.date | None:
    text = discrepancy.detail.get(key)
    return dt.date.fromisoformat(text) if text else None


def _past(day: dt.date | None) -> dt.date:
    """A day that may be written into the register: not one to come."""
    today = timezone.localdate()
    return min(day, today) if day else today


# --- The child is dead or has moved away -----------------------------------------------------------------


class DiedForm(RemedyForm):
    """What the register asks for when a child has died."""

    day = day_input(gettext_lazy("Day of death"))
    document = forms.CharField(label=gettext_lazy("Number of the certificate"), max_length=120)
    cause = forms.CharField(label=gettext_lazy("Cause of death"), max_length=200)
    handling = forms.CharField(label=gettext_lazy("How it was handled"), max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["day"].initial = day_told(self.discrepancy)


def _leave(
    discrepancy: Discrepancy, actor: Actor, at: dt.datetime, reason: str, code: str, **said: Any
) -> str:
    """The money side proposes the end of every right by itself; its approver decides."""
    child = leaving.leave_register(
        child_of(discrepancy), reason_code=code, reason=reason, at=at, actor=actor, **said
    )
    return _("The child left the register on %(day)s; the end of its allowances is proposed.") % {
        "day": child.left_date
    }


def _died(discrepancy: Discrepancy, actor: Actor, at: dt.datetime, data: dict[str, Any], reason: str) -> str:
    return _leave(discrepancy, actor, at, reason, LeaveReason.DEATH, **data)


class MovedForm(RemedyForm):
    """Where the household registration went, and when."""

    day = day_input(gettext_lazy("Moved on"))
    destination = forms.CharField(label=gettext_lazy("Where to: province, county, township"), max_length=120)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["day"].initial = day_told(self.discrepancy)
        self.fields["destination"].initial = self.discrepancy.detail.get(
            "level"
        ) or self.discrepancy.detail.get("now", "")


def _moved(discrepancy: Discrepancy, actor: Actor, at: dt.datetime, data: dict[str, Any], reason: str) -> str:
    return _leave(discrepancy, actor, at, reason, LeaveReason.MOVED_AWAY, **data)


# --- Parents --------------------------------------------------------------------------------------------

SITUATIONS: Final[dict[str, tuple[ParentSituationKind, ...]]] = {
    Kind.PARENT_DEAD: (ParentSituationKind.DEAD,),
    Kind.PARENT_DISABLED: (ParentSituationKind.SEVERE_DISABILITY,),
    Kind.CUSTODY: (
        ParentSituationKind.IMPRISONED,
        ParentSituationKind.DRUG_REHABILITATION,
        ParentSituationKind.OTHER_RESTRICTION,
    ),
}


def _guardian(discrepancy: Discrepancy) -> Guardian | None:
    if discrepancy.role != MatchRole.GUARDIAN:
        return None
    return Guardian.objects.filter(pk=discrepancy.person_id, end_date__isnull=True).first()


class SituationForm(RemedyForm):
    """What has become of which parent, since when, and how it is proved."""

    parent = forms.ChoiceField(label=gettext_lazy("Parent"), choices=ParentSituation.Parent.choices)
    kind = forms.ChoiceField(label=gettext_lazy("Situation"))
    start_date = day_input(gettext_lazy("Since"))
    expected_end_date = day_input(gettext_lazy("Expected end"), required=False)
    evidence = forms.ChoiceField(
        label=gettext_lazy("Evidence"), choices=Evidence.choices, initial=Evidence.DEPARTMENT_MATCH
    )
    document = forms.CharField(label=gettext_lazy("Number of the document"), max_length=120, required=False)
    end_guardian = forms.BooleanField(
        label=gettext_lazy("This parent is no longer guardian"), required=False, initial=True
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = SITUATIONS[self.discrepancy.kind]
        self.fields["kind"].choices = [(each.value, each.label) for each in kinds]  # type: ignore[attr-defined]
        self.fields["kind"].initial = _likely(self.discrepancy, kinds)
        self.fields["parent"].initial = self.discrepancy.detail.get("parent")
        since = day_told(self.discrepancy, "since") or day_told(self.discrepancy)
        self.fields["start_date"].initial = _past(since)
        if self.discrepancy.kind == Kind.CUSTODY:
            self.fields["expected_end_date"].initial = day_told(self.discrepancy)
        else:
            del self.fields["expected_end_date"]
        if self.discrepancy.kind != Kind.PARENT_DEAD or _guardian(self.discrepancy) is None:
            del self.fields["end_guardian"]


def _likely(discrepancy: Discrepancy, kinds: tuple[ParentSituationKind, ...]) -> str:
    words = discrepancy.detail.get("status", "")
    if "戒毒" in words and ParentSituationKind.DRUG_REHABILITATION in kinds:
        return ParentSituationKind.DRUG_REHABILITATION.value
    return kinds[0].value


def _name(row: dict[str, Any]) -> str:
    """The name that a row gives, without the mark of a number that stood beside it."""
    return str(row.get("name", "")).replace(identity.HIDDEN, "").strip()


def _situation(
    discrepancy: Discrepancy, actor: Actor, at: dt.datetime, data: dict[str, Any], reason: str
) -> str:
    child, guardian = child_of(discrepancy), _guardian(discrepancy)
    row = discrepancy.detail.get("row", {})
    situation = family.add_situation(
        child,
        family.SituationData(
            parent=data["parent"],
            kind=data["kind"],
            start_date=data["start_date"],
            parent_name=guardian.name if guardian is not None else _name(row),
            expected_end_date=data.get("expected_end_date"),
            evidence=data["evidence"],
            document=data["document"],
            verified_by=discrepancy.get_list_kind_display()[:60],
            verified_date=timezone.localdate(at),
        ),
        at=at,
        actor=actor,
    )
    done = _("On record: %(parent)s, %(kind)s since %(day)s.") % {
        "parent": situation.get_parent_display(),
        "kind": situation.get_kind_display(),
        "day": situation.start_date,
    }
    if data.get("end_guardian") and guardian is not None:
        done += " " + _end_guardian(discrepancy, guardian, data["start_date"], actor, at)
    return done


class ReleasedForm(RemedyForm):
    """Since when the parent is at liberty."""

    day = day_input(gettext_lazy("Released on"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["day"].initial = _past(day_told(self.discrepancy))


def _released(
    discrepancy: Discrepancy, actor: Actor, at: dt.datetime, data: dict[str, Any], reason: str
) -> str:
    open_ones = ParentSituation.objects.filter(
        child=child_of(discrepancy),
        parent=discrepancy.detail.get("parent"),
        kind__in=IN_CUSTODY,
        end_date__isnull=True,
    )
    ended = [
        family.end_situation(each, day=data["day"], at=at, actor=actor) for each in open_ones.order_by("pk")
    ]
    if not ended:
        raise TransitionRefused(_("This situation has already ended."))
    return _("Ended on %(day)s: %(what)s.") % {
        "day": data["day"],
        "what": ", ".join(str(each.get_kind_display()) for each in ended),
    }


# --- Guardians and carers --------------------------------------------------------------------------------


class EndGuardianForm(RemedyForm):
    """The last day, and by when the director asks who looks after the child."""

    day = day_input(gettext_lazy("Last day"))
    visit_by = day_input(gettext_lazy("Ask for a new guardian by"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["day"].initial = _past(day_told(self.discrepancy))
        self.fields["visit_by"].initial = add_working_days(
            timezone.localdate(), NEW_GUARDIAN_DAYS, overrides()
        )


def _guardian_gone(
    discrepancy: Discrepancy, actor: Actor, at: dt.datetime, data: dict[str, Any], reason: str
) -> str:
    if discrepancy.role == MatchRole.CARER:
        carer = EntrustedCare.objects.filter(pk=discrepancy.person_id, end_date__isnull=True).first()
        if carer is None:
            raise TransitionRefused(_("This relation has already ended."))
        care.end_care(carer, day=data["day"], reason=CareEnd.OTHER, at=at, actor=actor)
        done = _ask_who_cares(discrepancy, carer.carer_name, data["visit_by"], actor, at)
        return _("The entrusted care ended on %(day)s.") % {"day": data["day"]} + " " + done
    guardian = _guardian(discrepancy)
    if guardian is None:
        raise TransitionRefused(_("This relation has already ended."))
    return _end_guardian(discrepancy, guardian, data["day"], actor, at, visit_by=data["visit_by"])


def _end_guardian(
    discrepancy: Discrepancy,
    guardian: Guardian,
    day: dt.date,
    actor: Actor,
    at: dt.datetime,
    visit_by: dt.date | None = None,
) -> str:
    """A child without any guardian left gets its defect by itself (cases.defects.services)."""
    family.end_guardian(guardian, day=day, at=at, actor=actor)
    due = visit_by or add_working_days(timezone.localdate(at), NEW_GUARDIAN_DAYS, overrides())
    return (
        _("%(name)s is guardian no longer since %(day)s.") % {"name": guardian.name, "day": day}
        + " "
        + _ask_who_cares(discrepancy, guardian.name, due, actor, at)
    )


def _ask_who_cares(discrepancy: Discrepancy, name: str, due: dt.date, actor: Actor, at: dt.datetime) -> str:
    text = _("%(name)s can no longer look after the child: find and record a new guardian.") % {"name": name}
    visits.add_task(actor=actor, at=at, child=child_of(discrepancy), due_date=due, reason=text[:200])
    return _("A visit was asked for by %(day)s.") % {"day": due.isoformat()}


def _is_parent(discrepancy: Discrepancy) -> bool:
    return discrepancy.detail.get("parent") in PARENTS


for each in (
    Remedy(
        "died",
        gettext_lazy("The child leaves the register: death"),
        gettext_lazy("The end of the allowances is proposed with it; the approver decides."),
        frozenset({Kind.CHILD_DEAD}),
        _died,
        DiedForm,
        icon="circle-off",
        place=10,
    ),
    Remedy(
        "moved_away",
        gettext_lazy("The child leaves the register: moved away"),
        gettext_lazy("The end of the allowances is proposed with it; the approver decides."),
        frozenset({Kind.MOVED}),
        _moved,
        MovedForm,
        icon="circle-off",
        place=40,
    ),
    Remedy(
        "parent_situation",
        gettext_lazy("Record the parent's situation"),
        gettext_lazy(
            "Categories and allowances that it opens or ends are then proposed from the child's file."
        ),
        frozenset(SITUATIONS),
        _situation,
        SituationForm,
        _is_parent,
        icon="pencil",
        place=10,
    ),
    Remedy(
        "parent_released",
        gettext_lazy("End the parent's custody on the register"),
        gettext_lazy("The child's entitlement is to be re-checked afterwards."),
        frozenset({Kind.RELEASED}),
        _released,
        ReleasedForm,
        _is_parent,
        icon="pencil",
        place=10,
    ),
    Remedy(
        "end_guardian",
        gettext_lazy("End the guardianship and ask for a new guardian"),
        gettext_lazy(
            "The director finds a visit on their list; without a guardian the child has a defect to be solved."
        ),
        frozenset({Kind.GUARDIAN_DEAD, Kind.CUSTODY}),
        _guardian_gone,
        EndGuardianForm,
        lambda found: not _is_parent(found),
        icon="user",
        place=10,
    ),
):
    remedy(each)

"""Dated circumstances that decide categories: parents away, disability, illness."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.enums import DisabilityKind
from cases.models.child import SHARED_CHILD, Child
from cases.models.family import ParentSituation
from staff.audit import tracked
from staff.crypto import EncryptedField
from staff.policies import RowScope
from staff.scope import ScopedManager

_ENDS = Q(end_date__isnull=True) | Q(end_date__gte=F("start_date"))
_ENDS_MESSAGE = _("The last day lies before the first day.")


@tracked("cases", ids=SHARED_CHILD)
class ParentAbsence(models.Model):
    """外出: a parent lives elsewhere for work, dated. Short visits home do not end it."""

    child = models.ForeignKey(Child, models.CASCADE, related_name="parent_absences")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    parent = models.CharField(_("parent"), max_length=6, choices=ParentSituation.Parent.choices)
    start_date = models.DateField(_("from"))
    end_date = models.DateField(_("to"), null=True, blank=True)
    destination_code = models.BigIntegerField(
        _("division code of the destination"), null=True, blank=True, help_text=_("6 or 12 digits.")
    )
    destination = models.CharField(_("destination"), max_length=80, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = ScopedManager["ParentAbsence"]()

    class Meta:
        ordering = ["child_id", "parent", "-start_date", "pk"]
        verbose_name = _("parent away")
        constraints = [
            RowScope(name="cases_parentabsence_scope", lenses=["cases"], ids=SHARED_CHILD),
            models.CheckConstraint(
                name="absence_ends_after_start", condition=_ENDS, violation_error_message=_ENDS_MESSAGE
            ),
            models.UniqueConstraint(
                fields=["child", "parent"],
                condition=Q(end_date__isnull=True),
                name="absence_open_once",
                violation_error_message=_("This parent's absence is already on record. End it first."),
            ),
        ]


@tracked("cases", ids=SHARED_CHILD)
class DisabilityCard(models.Model):
    """残疾人证. ``components`` of multiple disabilities: ``[{"kind": "5", "level": 3}, …]``."""

    child = models.ForeignKey(Child, models.CASCADE, related_name="disability_cards")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    number = EncryptedField(verbose_name=_("number of the disability card"))
    number_digest = models.BinaryField(max_length=32, null=True, editable=False)
    kind = models.CharField(_("kind of disability"), max_length=1, choices=DisabilityKind.choices)
    level = models.PositiveSmallIntegerField(_("level"))
    components = models.JSONField(default=list, blank=True)
    start_date = models.DateField(_("issued on"))
    end_date = models.DateField(_("valid until"), null=True, blank=True)

    objects = ScopedManager["DisabilityCard"]()

    class Meta:
        ordering = ["child_id", "-start_date", "pk"]
        verbose_name = _("disability card")
        constraints = [
            RowScope(name="cases_disabilitycard_scope", lenses=["cases"], ids=SHARED_CHILD),
            models.CheckConstraint(name="disability_level_known", condition=Q(level__in=(1, 2, 3, 4))),
            models.CheckConstraint(
                name="disability_ends_after_start", condition=_ENDS, violation_error_message=_ENDS_MESSAGE
            ),
        ]


@tracked("cases", ids=SHARED_CHILD)
class Illness(models.Model):
    """疾病: the diagnosis is encrypted. HIV is never written here but in the protected compartment."""

    child = models.ForeignKey(Child, models.CASCADE, related_name="illnesses")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    diagnosis = EncryptedField(verbose_name=_("diagnosis"))
    severe = models.BooleanField(_("counts as severe illness"), default=False)
    self_paid = models.DecimalField(
        _("paid by the family last year (yuan)"), max_digits=10, decimal_places=2, null=True, blank=True
    )
    start_date = models.DateField(_("from"))
    end_date = models.DateField(_("to"), null=True, blank=True)

    objects = ScopedManager["Illness"]()

    class Meta:
        ordering = ["child_id", "-start_date", "pk"]
        verbose_name = _("illness")
        constraints = [
            RowScope(name="cases_illness_scope", lenses=["cases"], ids=SHARED_CHILD),
            models.CheckConstraint(
                name="illness_ends_after_start", condition=_ENDS, violation_error_message=_ENDS_MESSAGE
            ),
        ]

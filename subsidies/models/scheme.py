"""Subsidy schemes and their dated rates. Public data: everybody reads it, a county writes its own."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.enums import Placement, PrimaryCategory
from subsidies.enums import SchemeCode
from subsidies.models.signing import written_by


class Scheme(models.Model):
    """补贴项目."""

    code = models.CharField(_("code"), max_length=20, choices=SchemeCode.choices, unique=True)
    clause = models.CharField(_("legal basis"), max_length=200)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["code"]
        verbose_name = _("scheme")
        verbose_name_plural = _("schemes")

    def __str__(self) -> str:
        return self.get_code_display()


class SchemeRule(models.Model):
    """What a province, prefecture or county rules differently, from a day and by a document.

    ``changes`` holds only the terms that differ (keys and checks: :mod:`subsidies.terms.in_force`); everything else is inherited
    from the wider region and at last from the packaged national terms of the scheme.
    """

    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="rules", verbose_name=_("scheme"))
    region = models.ForeignKey(
        "staff.Region", models.PROTECT, db_column="region_code", related_name="+", verbose_name=_("region")
    )
    valid_from = models.DateField(_("from month"))
    valid_to = models.DateField(_("to month"), null=True, blank=True)
    document = models.CharField(_("number of the document"), max_length=120)
    changes = models.JSONField(_("what is ruled"), default=dict)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, editable=False, related_name="+")

    class Meta:
        ordering = ["scheme_id", "region_id", "valid_from", "pk"]
        verbose_name = _("rule of a scheme")
        verbose_name_plural = _("rules of schemes")
        constraints = [
            models.UniqueConstraint(fields=["scheme", "region", "valid_from"], name="scheme_rule_once_a_day"),
            models.CheckConstraint(
                name="scheme_rule_ends_after_start",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
                violation_error_message=_("The last day lies before the first day."),
            ),
            models.CheckConstraint(
                name="scheme_rule_has_document",
                condition=~Q(document=""),
                violation_error_message=_("Write the number of the document."),
            ),
        ]
        triggers = [written_by("scheme_rule_written", "clerk", "approver")]

    def __str__(self) -> str:
        return f"{self.scheme} {self.document}"


# A standard is kept as it was entered, and kept; only that another row corrects it may be written, by another person.
RATE_KEPT = pgtrigger.Trigger(
    name="rate_kept",
    level=pgtrigger.Row,
    when=pgtrigger.Before,
    operation=pgtrigger.Update | pgtrigger.Delete,
    func="""
        IF coalesce(current_setting('app.user', true), '') NOT IN ('', '0') AND (
            (to_jsonb(OLD) - 'superseded') IS DISTINCT FROM (to_jsonb(NEW) - 'superseded')
            OR OLD.superseded AND NOT NEW.superseded
            OR NEW.superseded AND NOT OLD.superseded AND OLD.user_id::text = current_setting('app.user', true)
        ) THEN
            RAISE EXCEPTION 'standard % is kept', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'rate_kept';
        END IF;
        RETURN coalesce(NEW, OLD);
    """,
)
RATE_CORRECTED = pgtrigger.Trigger(
    name="rate_corrector_apart",
    level=pgtrigger.Row,
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    condition=pgtrigger.Condition("NEW.corrects_id IS NOT NULL"),
    func="""
        IF NOT EXISTS (
            SELECT FROM subsidies_rate r WHERE r.id = NEW.corrects_id AND r.superseded
                AND r.region_code = NEW.region_code AND r.user_id IS DISTINCT FROM NEW.user_id
        ) THEN
            RAISE EXCEPTION 'a standard is corrected by another person than the one who entered it'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'rate_corrector_apart';
        END IF;
        RETURN NEW;
    """,
)


class Rate(models.Model):
    """标准: yuan a period, from the first day of a month, for a region, a placement and, if set, one category or grade.

    ``grade`` is a code of the scheme's own grades (档次), such as a stage of schooling or 义乌's three groups.
    A row is never changed. One that was entered wrong stays, ``superseded`` by the row that ``corrects`` it, which another
    person entered with a reason: the rows are their own history.
    """

    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="rates", verbose_name=_("scheme"))
    region = models.ForeignKey(
        "staff.Region", models.PROTECT, db_column="region_code", related_name="+", verbose_name=_("region")
    )
    placement = models.CharField(_("placement"), max_length=12, choices=Placement.choices)
    category = models.CharField(_("category"), max_length=30, choices=PrimaryCategory.choices, blank=True)
    grade = models.CharField(_("grade"), max_length=30, blank=True)
    amount = models.DecimalField(_("yuan a period"), max_digits=10, decimal_places=2)
    valid_from = models.DateField(_("from month"))
    valid_to = models.DateField(_("to month"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=120)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, editable=False, related_name="+")
    at = models.DateTimeField(null=True, editable=False)
    superseded = models.BooleanField(default=False, editable=False)
    corrects = models.OneToOneField(
        "self", models.PROTECT, null=True, editable=False, related_name="corrected_by"
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        ordering = ["scheme_id", "region_id", "placement", "category", "valid_from", "pk"]
        verbose_name = _("rate")
        verbose_name_plural = _("rates")
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "region", "placement", "category", "grade", "valid_from"],
                condition=Q(superseded=False),
                name="rate_once_a_month",
            ),
            models.CheckConstraint(
                name="rate_correction_has_reason",
                condition=Q(corrects__isnull=True) | ~Q(reason="") & Q(user__isnull=False),
            ),
            models.CheckConstraint(name="rate_positive", condition=Q(amount__gt=0)),
        ]
        triggers = [written_by("rate_written", "clerk", "approver"), RATE_KEPT, RATE_CORRECTED]

    def __str__(self) -> str:
        return f"{self.scheme} {self.get_placement_display()} {self.amount}"

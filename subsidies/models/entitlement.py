"""Entitlements, and the other benefits that are set off against them."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from staff.audit import tracked
from staff.policies import Duty, RowScope, duties
from staff.scope import ScopedManager
from subsidies.enums import EndReason, EntitlementState, OffsetKind
from subsidies.models.application import Application
from subsidies.models.payment_triggers import ENTITLEMENT_MARKS, OFFSET_MARKS
from subsidies.models.scheme import Scheme
from subsidies.models.signing import signed_by_themselves
from subsidies.workflows import ENTITLEMENT


class _EntitledMonths(Func):
    """Months paid; none when it was ended before its first month (entered in error)."""

    template = (
        "daterange(start_month, greatest(coalesce(end_month, 'infinity'::date), start_month - 1) + 1, '[)')"
    )
    output_field = DateRangeField()


@tracked("cases", "money")
class Entitlement(models.Model):
    """在保: a dated right to a monthly amount. Months are stored as their first day; ``end_month`` is the last one paid."""

    child = models.ForeignKey("cases.Child", models.PROTECT, related_name="entitlements")
    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    application = models.OneToOneField(Application, models.PROTECT, null=True, related_name="entitlement")
    category = models.CharField(_("category"), max_length=30)
    placement = models.CharField(_("placement"), max_length=12)
    grade = models.CharField(_("grade"), max_length=30, blank=True)
    # Other terms from a month on (placement, category, grade) are another row that continues this one.
    continues = models.OneToOneField("self", models.PROTECT, null=True, related_name="continued_by")
    start_month = models.DateField(_("first month"))
    end_month = models.DateField(_("last month"), null=True, blank=True)
    state = models.CharField(
        _("state"), max_length=12, choices=EntitlementState.choices, default=EntitlementState.ACTIVE
    )
    end_reason = models.CharField(
        _("reason for ending"), max_length=20, choices=EndReason.choices, blank=True
    )
    proposed_end_month = models.DateField(
        null=True, blank=True, help_text=_("Last month as the clerk proposes it; it stops nothing.")
    )
    # What else is proposed: {"from_month", "category", "placement", "grade"}, or {"until", "stage", "proof"}.
    proposed = models.JSONField(default=dict, blank=True)
    proposed_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    proposed_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField()

    objects = ScopedManager["Entitlement"]()
    workflow = ENTITLEMENT
    # Another county decides anew (staff.moving).
    follows_child = "county"

    class Meta:
        ordering = ["child_id", "start_month", "pk"]
        verbose_name = _("entitlement")
        verbose_name_plural = _("entitlements")
        indexes = [models.Index(fields=["child"]), models.Index(fields=["region", "start_month"])]
        constraints = [
            RowScope(name="subsidies_entitlement_scope", lenses=["cases", "money"]),
            # A township starts a re-check; what is paid, and from when to when, the county says.
            Duty(name="subsidies_entitlement_add", act="INSERT", roles=("clerk", "approver")),
            Duty(
                name="subsidies_entitlement_change", act="UPDATE", roles=("supervisor", "clerk", "approver")
            ),
            Duty(name="subsidies_entitlement_remove", act="DELETE", roles=("clerk", "approver")),
            ExclusionConstraint(
                name="entitlement_never_overlaps",
                expressions=[
                    ("child", RangeOperators.EQUAL),
                    ("scheme", RangeOperators.EQUAL),
                    (_EntitledMonths(), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("This child is already entitled in some of these months."),
            ),
            models.UniqueConstraint(
                fields=["child", "scheme"], condition=~Q(state="ended"), name="entitlement_open_once",
                violation_error_message=_("This child is already entitled under this scheme."),
            ),
            models.CheckConstraint(
                name="entitlement_months",
                condition=Q(start_month__day=1) & (Q(end_month__isnull=True) | Q(end_month__day=1)),
            ),
            models.CheckConstraint(
                name="entitlement_ended_has_reason",
                condition=~Q(state="ended") | (Q(end_month__isnull=False) & ~Q(end_reason="")),
                violation_error_message=_("Ending an entitlement needs a last month and a reason."),
            ),
            models.CheckConstraint(
                name="entitlement_decider_is_another",
                condition=Q(decided_by__isnull=True) | Q(proposed_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
                violation_error_message=_("Another person decides than the one who proposed."),
            ),
        ]  # fmt: skip
        triggers = [
            *ENTITLEMENT_MARKS,
            signed_by_themselves("entitlement_signed", "proposed_by_id", "decided_by_id"),
        ]

    def __str__(self) -> str:
        return f"{self.scheme} {self.start_month:%Y-%m}"


class _Months(Func):
    function = "daterange"
    output_field = DateRangeField()


@tracked("cases", "money")
class Offset(models.Model):
    """抵扣: another benefit of the child, by month range, that is set off against the standard (补差)."""

    entitlement = models.ForeignKey(Entitlement, models.CASCADE, related_name="offsets")
    child = models.ForeignKey("cases.Child", models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(_("benefit"), max_length=20, choices=OffsetKind.choices)
    amount = models.DecimalField(_("yuan a month, the child's share"), max_digits=10, decimal_places=2)
    start_month = models.DateField(_("from month"))
    end_month = models.DateField(_("to month"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=200)
    discrepancy_id = models.BigIntegerField(null=True, editable=False)

    objects = ScopedManager["Offset"]()
    follows_child = "county"

    class Meta:
        ordering = ["entitlement_id", "start_month", "pk"]
        verbose_name = _("offset")
        constraints = [
            RowScope(name="subsidies_offset_scope", lenses=["cases", "money"]),
            *duties("subsidies_offset", "clerk", "approver"),
            models.UniqueConstraint(
                fields=["entitlement", "kind"], condition=Q(end_month__isnull=True), name="offset_open_once"
            ),
            ExclusionConstraint(
                name="offset_once_a_month",
                expressions=[
                    ("entitlement", RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    (_Months("start_month", "end_month", models.Value("[]")), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("This benefit is already set off in some of these months."),
            ),
            models.CheckConstraint(name="offset_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="offset_months", condition=Q(end_month__isnull=True) | Q(end_month__gte=F("start_month"))
            ),
        ]
        triggers = OFFSET_MARKS

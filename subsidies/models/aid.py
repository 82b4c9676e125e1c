"""Help in money and kind beside the allowances: insurance, services, disability subsidies, relief, pay of directors."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from cases.circumstances.enums import HelpForm
from staff.audit import tracked
from staff.crypto import EncryptedField
from staff.policies import RowScope
from staff.scope import ScopedManager
from subsidies.aid.enums import (
    DisabilitySubsidyKind,
    InsuranceKind,
    InsurancePayer,
    ReliefRoute,
    ReliefState,
    ServiceKind,
    ServiceProgramme,
    StaffPayState,
)
from subsidies.aid.workflows import RELIEF
from subsidies.ledger.enums import Source


@tracked("cases", "money")
class InsuranceCover(models.Model):
    """参保: one child, one year, one insurance; who paid the premium, and the proof of cover (O-7, O-38)."""

    child = models.ForeignKey("cases.Child", models.PROTECT, related_name="insurance_covers")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    year = models.PositiveSmallIntegerField(_("year"))
    kind = models.CharField(_("insurance"), max_length=14, choices=InsuranceKind.choices)
    payer = models.CharField(_("premium paid by"), max_length=10, choices=InsurancePayer.choices)
    premium = models.DecimalField(_("premium (yuan)"), max_digits=8, decimal_places=2, null=True, blank=True)
    source = models.CharField(_("source of funds"), max_length=12, choices=Source.choices, blank=True)
    proof = models.CharField(_("proof of cover"), max_length=120, blank=True)
    file = models.ForeignKey("staff.StoredFile", models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = ScopedManager["InsuranceCover"]()
    follows_child = "county"

    class Meta:
        ordering = ["-year", "kind", "child_id"]
        verbose_name = _("insurance cover")
        indexes = [models.Index(fields=["region", "year", "kind"])]
        constraints = [
            RowScope(name="subsidies_insurancecover_scope", lenses=["cases", "money"]),
            models.UniqueConstraint(fields=["child", "year", "kind"], name="insurance_once_a_year"),
            models.CheckConstraint(
                name="insurance_government_pays_something",
                condition=~Q(payer="government") | (Q(premium__gt=0) & ~Q(source="")),
                violation_error_message=_("Write the premium and which funds paid it."),
            ),
            models.CheckConstraint(
                name="insurance_premium_not_negative", condition=Q(premium__isnull=True) | Q(premium__gte=0)
            ),
        ]


@tracked("cases", "money")
class WelfareService(models.Model):
    """明天计划 and check-ups: one service, what it cost, and what was left after insurance and other aid (O-17)."""

    child = models.ForeignKey("cases.Child", models.PROTECT, related_name="welfare_services")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    programme = models.CharField(_("programme"), max_length=10, choices=ServiceProgramme.choices)
    kind = models.CharField(_("service"), max_length=16, choices=ServiceKind.choices)
    date = models.DateField(_("date"))
    provider = models.CharField(_("hospital or institution"), max_length=80)
    cost = models.DecimalField(_("cost (yuan)"), max_digits=10, decimal_places=2, default=0)
    insurance_paid = models.DecimalField(
        _("paid by insurance and other aid (yuan)"), max_digits=10, decimal_places=2, default=0
    )
    programme_paid = models.DecimalField(
        _("paid by the programme (yuan)"), max_digits=10, decimal_places=2, default=0
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    file = models.ForeignKey("staff.StoredFile", models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = ScopedManager["WelfareService"]()
    follows_child = "county"

    class Meta:
        ordering = ["-date", "-pk"]
        verbose_name = _("service")
        indexes = [models.Index(fields=["region", "date"])]
        constraints = [
            RowScope(name="subsidies_welfareservice_scope", lenses=["cases", "money"]),
            models.CheckConstraint(
                name="welfare_service_within_cost",
                condition=Q(cost__gte=0)
                & Q(insurance_paid__gte=0)
                & Q(programme_paid__gte=0)
                & Q(programme_paid__lte=F("cost") - F("insurance_paid")),
                violation_error_message=_("The programme pays at most what insurance and other aid leave."),
            ),
        ]


class _Months(Func):
    function = "daterange"
    output_field = DateRangeField()


@tracked("cases", "money")
class DisabilitySubsidy(models.Model):
    """残疾人两项补贴 that another office pays, tracked for the rules of overlap (国发〔2015〕52号)."""

    child = models.ForeignKey("cases.Child", models.PROTECT, related_name="disability_subsidies")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(_("subsidy"), max_length=8, choices=DisabilitySubsidyKind.choices)
    amount = models.DecimalField(_("yuan a month"), max_digits=8, decimal_places=2)
    start_month = models.DateField(_("from month"))
    end_month = models.DateField(_("to month"), null=True, blank=True)
    known_from = models.CharField(_("source"), max_length=120)
    user = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = ScopedManager["DisabilitySubsidy"]()
    follows_child = "county"

    class Meta:
        ordering = ["child_id", "kind", "start_month"]
        verbose_name = _("disability subsidy")
        constraints = [
            RowScope(name="subsidies_disabilitysubsidy_scope", lenses=["cases", "money"]),
            ExclusionConstraint(
                name="disability_subsidy_once_a_month",
                expressions=[
                    ("child", RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    (_Months("start_month", "end_month", Value("[]")), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("This subsidy is already on record in some of these months."),
            ),
            models.CheckConstraint(name="disability_subsidy_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="disability_subsidy_months",
                condition=Q(start_month__day=1)
                & (Q(end_month__isnull=True) | Q(end_month__gte=F("start_month"))),
            ),
        ]


@tracked("cases", "money")
class TemporaryRelief(models.Model):
    """临时救助: a family in need for a time, also one that is registered elsewhere (O-25)."""

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    child = models.ForeignKey(
        "cases.Child", models.PROTECT, null=True, blank=True, related_name="temporary_relief"
    )
    child_name = models.CharField(_("child or person"), max_length=60)
    identity_number = EncryptedField(verbose_name=_("identity number"))
    people = models.PositiveSmallIntegerField(_("people in the family"), default=1)
    registered_elsewhere = models.BooleanField(_("registered elsewhere"), default=False)
    registered_place = models.CharField(_("place of registration"), max_length=120, blank=True)
    situation = models.TextField(_("situation"))
    route = models.CharField(_("who helps"), max_length=12, choices=ReliefRoute.choices)
    form = models.CharField(_("kind of help"), max_length=8, choices=HelpForm.choices)
    what = models.CharField(_("what is given"), max_length=200, blank=True)
    amount = models.DecimalField(
        _("amount or value (yuan)"), max_digits=10, decimal_places=2, null=True, blank=True
    )
    state = models.CharField(_("state"), max_length=8, choices=ReliefState.choices, default=ReliefState.ASKED)
    asked_by = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    given_date = models.DateField(_("given on"), null=True, blank=True)

    objects = ScopedManager["TemporaryRelief"]()
    workflow = RELIEF
    follows_child = "never"

    class Meta:
        ordering = ["-asked_at", "-pk"]
        verbose_name = _("temporary relief")
        indexes = [models.Index(fields=["region", "-asked_at"])]
        constraints = [
            RowScope(name="subsidies_temporaryrelief_scope", lenses=["cases", "money"]),
            models.CheckConstraint(
                name="relief_decider_is_another",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
                violation_error_message=_(
                    "Relief is granted by another person than the one who asked for it."
                ),
            ),
            models.CheckConstraint(
                name="relief_elsewhere_names_the_place",
                condition=Q(registered_elsewhere=False) | ~Q(registered_place=""),
                violation_error_message=_("Write where the family is registered."),
            ),
            models.CheckConstraint(
                name="relief_given_has_day",
                condition=~Q(state="given") | (Q(given_date__isnull=False) & Q(decided_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="relief_amount_not_negative", condition=Q(amount__isnull=True) | Q(amount__gte=0)
            ),
        ]


@tracked("money")
class StaffPay(models.Model):
    """儿童主任 pay of a month: a fixed part, and performance pay by appraisal (O-43: 1,500 + up to 400)."""

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    user = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    month = models.DateField(_("month"))
    base = models.DecimalField(_("fixed pay"), max_digits=8, decimal_places=2)
    performance_most = models.DecimalField(_("performance pay at most"), max_digits=8, decimal_places=2)
    score = models.PositiveSmallIntegerField(_("score"))
    # What the score rests on: visits made and due, files complete … as counted on the day.
    measures = models.JSONField(default=dict)
    performance = models.DecimalField(_("performance pay"), max_digits=8, decimal_places=2)
    note = models.CharField(_("note"), max_length=200, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=StaffPayState.choices, default=StaffPayState.APPRAISED
    )
    appraised_by = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    appraised_at = models.DateTimeField()
    approved_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    paid_date = models.DateField(null=True)

    objects = ScopedManager["StaffPay"]()
    follows_region = True

    class Meta:
        ordering = ["-month", "region_id", "pk"]
        verbose_name = _("pay of a child director")
        constraints = [
            RowScope(
                name="subsidies_staffpay_scope", lenses=["money", "staff"], numbers=[("user_id", "user")]
            ),
            models.UniqueConstraint(fields=["user", "month"], name="staff_pay_once_a_month"),
            models.CheckConstraint(name="staff_pay_month", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="staff_pay_within",
                condition=Q(base__gte=0)
                & Q(performance__gte=0)
                & Q(performance__lte=F("performance_most"))
                & Q(score__lte=100),
                violation_error_message=_("Performance pay lies between nothing and the most that is set."),
            ),
            models.CheckConstraint(
                name="staff_pay_appraiser_is_another",
                condition=~Q(appraised_by=F("user")),
                violation_error_message=_("Nobody appraises their own work."),
            ),
            models.CheckConstraint(
                name="staff_pay_approver_is_another",
                condition=Q(approved_by__isnull=True)
                | (~Q(approved_by=F("appraised_by")) & ~Q(approved_by=F("user"))),
                violation_error_message=_("Pay is approved by another person than the appraiser."),
            ),
            models.CheckConstraint(
                name="staff_pay_approved_before_paid",
                condition=~Q(state__in=["approved", "paid"]) | Q(approved_by__isnull=False),
            ),
        ]

"""委托照护 (entrusted care) and how well a guardian can care: assessments."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.circumstances.enums import AssessmentState, CareEnd, ContactKind, Grade
from cases.enums import Relation, RiskLevel
from cases.models.child import SHARED_CHILD, Child
from cases.workflows import ASSESSMENT
from staff.audit import tracked
from staff.crypto import EncryptedField
from staff.policies import RowScope
from staff.scope import ScopedManager


@tracked("cases", ids=SHARED_CHILD)
class EntrustedCare(models.Model):
    """委托照护: parents away entrust the child to somebody (未成年人保护法 art 21–23).

    The answers to the checks of article 22 stand in ``checks`` (code → bool); notices of article 23 have days.
    """

    child = models.ForeignKey(Child, models.CASCADE, related_name="entrusted_cares")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    entrusted_by = models.CharField(_("entrusted by"), max_length=20, choices=Relation.choices)
    carer_name = models.CharField(_("person entrusted"), max_length=60)
    carer_relation = models.CharField(_("relation to the child"), max_length=20, choices=Relation.choices)
    carer_id_number = EncryptedField(verbose_name=_("identity number"))
    carer_id_digest = models.BinaryField(max_length=32, null=True, editable=False)
    carer_phone = EncryptedField(verbose_name=_("phone"))
    carer_health = models.CharField(_("state of health"), max_length=200, blank=True)
    carer_note = models.CharField(_("anything else about the person"), max_length=200, blank=True, default="")
    start_date = models.DateField(_("from"))
    end_date = models.DateField(_("to"), null=True, blank=True)
    end_reason = models.CharField(_("why it ended"), max_length=12, choices=CareEnd.choices, blank=True)
    agreed_date = models.DateField(_("written agreement of"), null=True, blank=True)
    heard_date = models.DateField(_("the child was heard on"), null=True, blank=True)
    school_told_date = models.DateField(_("school told in writing on"), null=True, blank=True)
    village_told_date = models.DateField(_("village told in writing on"), null=True, blank=True)
    checks = models.JSONField(default=dict)
    last_contact_date = models.DateField(_("last contact of the parents"), null=True, blank=True)
    recorded_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    objects = ScopedManager["EntrustedCare"]()

    class Meta:
        ordering = ["child_id", "-start_date", "pk"]
        verbose_name = _("entrusted care")
        indexes = [
            models.Index(
                fields=["region", "last_contact_date"],
                name="care_contact",
                condition=Q(end_date__isnull=True),
            )
        ]
        constraints = [
            RowScope(name="cases_entrustedcare_scope", lenses=["cases"], ids=SHARED_CHILD),
            models.UniqueConstraint(
                fields=["child"],
                condition=Q(end_date__isnull=True),
                name="care_open_once",
                violation_error_message=_("The child is already entrusted to somebody. End that first."),
            ),
            models.CheckConstraint(
                name="care_ends_after_start",
                condition=Q(end_date__isnull=True) | Q(end_date__gte=F("start_date")),
                violation_error_message=_("The last day lies before the first day."),
            ),
        ]


@tracked("cases", ids=SHARED_CHILD)
class CareContact(models.Model):
    """A contact between the parents and the entrusted child: at least weekly (art 23)."""

    care = models.ForeignKey(EntrustedCare, models.CASCADE, related_name="contacts")
    child = models.ForeignKey(Child, models.CASCADE, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    date = models.DateField(_("date"))
    kind = models.CharField(_("how"), max_length=5, choices=ContactKind.choices)
    note = models.CharField(_("note"), max_length=200, blank=True)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    objects = ScopedManager["CareContact"]()

    class Meta:
        ordering = ["care_id", "-date", "-pk"]
        constraints = [RowScope(name="cases_carecontact_scope", lenses=["cases"], ids=SHARED_CHILD)]


@tracked("cases", ids=SHARED_CHILD)
class GuardianshipAssessment(models.Model):
    """监护能力评估: one filled-in instrument. Kept for ever as it was answered, with the instrument's code and date.

    ``risk_floor`` is the best colour that the grade allows, ``risk_after`` the one in force after the assessment.
    """

    workflow = ASSESSMENT

    child = models.ForeignKey(Child, models.CASCADE, related_name="assessments")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    instrument = models.CharField(max_length=40)
    definition = models.JSONField()
    answers = models.JSONField()
    parts = models.JSONField()
    score = models.DecimalField(_("score"), max_digits=5, decimal_places=1)
    grade = models.CharField(_("grade"), max_length=12, choices=Grade.choices)
    note = models.TextField(_("note"), blank=True)
    assessed_date = models.DateField(_("assessed on"))
    assessed_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    state = models.CharField(
        _("state"), max_length=10, choices=AssessmentState.choices, default=AssessmentState.KEPT
    )
    risk_before = models.CharField(max_length=8, choices=RiskLevel.choices, blank=True, default="")
    risk_floor = models.CharField(max_length=8, choices=RiskLevel.choices, blank=True, default="")
    risk_after = models.CharField(max_length=8, choices=RiskLevel.choices, blank=True, default="")
    decided_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects = ScopedManager["GuardianshipAssessment"]()

    class Meta:
        ordering = ["child_id", "-assessed_date", "-pk"]
        verbose_name = _("assessment of guardianship")
        indexes = [
            models.Index(fields=["child", "-assessed_date", "-id"], name="assessment_latest"),
            models.Index(
                fields=["assessed_date", "id"], name="assessment_open", condition=Q(state="proposed")
            ),
        ]
        constraints = [
            RowScope(name="cases_guardianshipassessment_scope", lenses=["cases"], ids=SHARED_CHILD)
        ]

"""Applications: who applies ≠ who verifies ≠ who checks ≠ who confirms, also in the database."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.enums import Relation
from staff.audit import tracked
from staff.crypto import EncryptedField
from staff.policies import RowScope
from staff.scope import ScopedManager
from subsidies.aid.enums import Channel, CheckMethod, CheckResult, EvidenceSource
from subsidies.enums import ApplicationState
from subsidies.models.scheme import Scheme
from subsidies.models.signing import signed_by_themselves
from subsidies.workflows import APPLICATION


def _others(field: str, *earlier: str) -> Q:
    """The user in ``field`` is none of the users of the earlier steps."""
    condition = Q(**{f"{field}__isnull": True})
    different = Q()
    for name in earlier:
        different &= Q(**{f"{name}__isnull": True}) | ~Q(**{field: F(name)})
    return condition | different


@tracked("cases", "money")
class Application(models.Model):
    """申请. The township verifies within 15 working days of acceptance, the county confirms within 15 (民发〔2019〕62号)."""

    child = models.ForeignKey("cases.Child", models.PROTECT, related_name="applications")
    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="+", verbose_name=_("scheme"))
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    applicant_name = models.CharField(_("applicant"), max_length=60, blank=True)
    applicant_relation = models.CharField(
        _("relation to the child"), max_length=20, choices=Relation.choices, blank=True
    )
    applicant_phone = EncryptedField(verbose_name=_("applicant's phone"))
    # 跨省通办: who took it in elsewhere, when the papers were complete, and when the result was told there.
    channel = models.CharField(_("came in"), max_length=10, choices=Channel.choices, default=Channel.LOCAL)
    intake_office = models.CharField(_("office that took it in"), max_length=80, blank=True)
    intake_date = models.DateField(_("papers complete there on"), null=True, blank=True)
    intake_due_date = models.DateField(null=True, help_text=_("Entered here within three working days."))
    tell_due_date = models.DateField(
        null=True, help_text=_("The office that took it in tells the applicant.")
    )
    told_at = models.DateTimeField(_("applicant told"), null=True)
    statement = models.TextField(_("grounds for the application"))
    # Missing documents are asked for once, all together and in writing.
    supplement_asked_at = models.DateTimeField(_("documents asked for"), null=True)
    supplement_items = models.JSONField(default=list, help_text=_("Codes of the evidence asked for."))
    supplement_text = models.TextField(blank=True)
    supplemented_at = models.DateTimeField(_("documents added"), null=True)
    clock_left = models.PositiveSmallIntegerField(
        null=True, help_text=_("Working days left when the clock was stopped for documents.")
    )
    decision = models.JSONField(
        default=dict, help_text=_("The answer of the eligibility table when the application was made.")
    )
    state = models.CharField(
        _("state"), max_length=12, choices=ApplicationState.choices, default=ApplicationState.SUBMITTED
    )
    applied_by = models.ForeignKey(
        "staff.User", models.PROTECT, related_name="+", verbose_name=_("applied by")
    )
    applied_at = models.DateTimeField(_("applied"))
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    verify_due_date = models.DateField(_("verify by"), null=True)
    verified_by = models.ForeignKey(
        "staff.User", models.PROTECT, null=True, related_name="+", verbose_name=_("verified by")
    )
    verified_at = models.DateTimeField(_("verified"), null=True)
    verification = models.TextField(_("result of verification"), blank=True)
    confirm_due_date = models.DateField(_("confirm by"), null=True)
    checked_by = models.ForeignKey(
        "staff.User", models.PROTECT, null=True, related_name="+", verbose_name=_("checked by")
    )
    checked_at = models.DateTimeField(_("checked"), null=True)
    decided_by = models.ForeignKey(
        "staff.User", models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    refusal_code = models.CharField(max_length=30, blank=True)
    refusal_text = models.TextField(_("reason for refusal"), blank=True)

    objects = ScopedManager["Application"]()
    workflow = APPLICATION
    follows_child = "county"
    working_day_fields = ("intake_due_date", "verify_due_date", "confirm_due_date", "tell_due_date")

    class Meta:
        ordering = ["-applied_at", "-pk"]
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        indexes = [
            models.Index(fields=["child"]),
            models.Index(fields=["region", "state"]),
            models.Index(
                fields=["tell_due_date"],
                name="application_to_tell",
                condition=Q(tell_due_date__isnull=False, told_at__isnull=True),
            ),
        ]
        constraints = [
            RowScope(name="subsidies_application_scope", lenses=["cases", "money"]),
            models.UniqueConstraint(
                fields=["child", "scheme"],
                condition=~Q(state__in=["confirmed", "refused", "withdrawn"]),
                name="application_open_once",
                violation_error_message=_("An application for this child is already under way."),
            ),
            models.CheckConstraint(
                name="application_verifier_is_another",
                condition=_others("verified_by", "applied_by"),
                violation_error_message=_("The verifier must be another person than the applicant."),
            ),
            models.CheckConstraint(
                name="application_checker_is_another",
                condition=_others("checked_by", "applied_by", "verified_by"),
                violation_error_message=_(
                    "The county clerk must be another person than applicant and verifier."
                ),
            ),
            models.CheckConstraint(
                name="application_decider_is_another",
                condition=_others("decided_by", "applied_by", "verified_by", "checked_by"),
                violation_error_message=_(
                    "The approver must be another person than those of the earlier steps."
                ),
            ),
            models.CheckConstraint(
                name="application_confirmed_is_signed",
                condition=~Q(state="confirmed") | Q(decided_by__isnull=False),
            ),
            models.CheckConstraint(
                name="application_refusal_has_reason",
                condition=~Q(state="refused") | (~Q(refusal_text="") & ~Q(refusal_code="")),
                violation_error_message=_("A refusal needs a written reason."),
            ),
        ]
        triggers = [
            signed_by_themselves(
                "application_signed", "applied_by_id", "verified_by_id", "checked_by_id", "decided_by_id"
            )
        ]

    def __str__(self) -> str:
        return f"{self.scheme} · {self.applied_at:%Y-%m-%d}"


@tracked("cases", "money")
class ApplicationEvidence(models.Model):
    """材料: one piece of the scheme's list of evidence, as a file or as a note of where it was seen."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="evidence")
    child = models.ForeignKey("cases.Child", models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    item = models.CharField(_("document"), max_length=40)
    source = models.CharField(_("how it came in"), max_length=12, choices=EvidenceSource.choices)
    file = models.ForeignKey("staff.StoredFile", models.PROTECT, null=True, related_name="+")
    note = models.CharField(_("note"), max_length=200, blank=True)
    supplement = models.BooleanField(default=False)
    added_by = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    objects = ScopedManager["ApplicationEvidence"]()
    follows_child = "county"

    class Meta:
        ordering = ["application_id", "item", "pk"]
        verbose_name = _("document")
        constraints = [
            RowScope(name="subsidies_applicationevidence_scope", lenses=["cases", "money"]),
            models.CheckConstraint(
                name="application_evidence_is_shown",
                condition=Q(file__isnull=False) | (~Q(source="uploaded") & ~Q(note="")),
                violation_error_message=_("Add the file, or write where the document was seen."),
            ),
        ]

    def __str__(self) -> str:
        return self.item


@tracked("cases", "money")
class ApplicationCheck(models.Model):
    """查验记录: how the township looked into it, whom it asked, and what came out."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="checks")
    child = models.ForeignKey("cases.Child", models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    method = models.CharField(_("how"), max_length=12, choices=CheckMethod.choices)
    date = models.DateField(_("date"))
    person = models.CharField(_("who was asked"), max_length=80, blank=True)
    result = models.CharField(_("result"), max_length=12, choices=CheckResult.choices)
    note = models.CharField(_("what was found"), max_length=400)
    user = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = ScopedManager["ApplicationCheck"]()
    follows_child = "county"

    class Meta:
        ordering = ["application_id", "date", "pk"]
        verbose_name = _("check")
        constraints = [RowScope(name="subsidies_applicationcheck_scope", lenses=["cases", "money"])]

    def __str__(self) -> str:
        return f"{self.get_method_display()} {self.date}"

"""Applications: who applies ≠ who verifies ≠ who checks ≠ who confirms, also in the database."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from staff.audit import tracked
from staff.policies import RowScope
from staff.scope import ScopedManager
from subsidies.enums import ApplicationState
from subsidies.models.scheme import Scheme
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
    statement = models.TextField(_("grounds for the application"))
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

    class Meta:
        ordering = ["-applied_at", "-pk"]
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        indexes = [models.Index(fields=["child"]), models.Index(fields=["region", "state"])]
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
                name="application_refusal_has_reason",
                condition=~Q(state="refused") | (~Q(refusal_text="") & ~Q(refusal_code="")),
                violation_error_message=_("A refusal needs a written reason."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scheme} · {self.applied_at:%Y-%m-%d}"

"""Re-checks of entitlements by cycle, and proofs of schooling by term."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.enums import SchoolStage
from staff.audit import tracked
from staff.policies import RowScope
from staff.scope import ScopedManager
from subsidies.ledger.enums import ReviewKind, ReviewOutcome
from subsidies.models.entitlement import Entitlement


@tracked("cases", "money")
class EntitlementReview(models.Model):
    """复核: one entitlement in one cycle. What decides the right is kept as digests by part (:mod:`subsidies.reviews.facts`):
    where they are those of the last review that was done, nothing has to be looked at twice.
    """

    entitlement = models.ForeignKey(Entitlement, models.PROTECT, related_name="reviews")
    child = models.ForeignKey("cases.Child", models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(_("kind"), max_length=8, choices=ReviewKind.choices)
    cycle = models.DateField(_("cycle"))
    due_date = models.DateField(_("due"))
    outcome = models.CharField(
        _("outcome"), max_length=10, choices=ReviewOutcome.choices, blank=True, default=ReviewOutcome.OPEN
    )
    # Part → digest, as it was last reckoned (an open one) or as the reviewer had it (one that is done).
    facts = models.JSONField(default=dict)
    # Parts that differ from the last one that was done; ["first"] without one.
    changes = models.JSONField(default=list)
    note = models.CharField(_("note"), max_length=200, blank=True)
    done_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)

    objects = ScopedManager["EntitlementReview"]()
    follows_child = "county"
    working_day_fields = ("due_date",)

    class Meta:
        ordering = ["due_date", "pk"]
        verbose_name = _("re-check")
        verbose_name_plural = _("re-checks")
        indexes = [
            models.Index(fields=["region", "outcome", "due_date"]),
            models.Index(fields=["due_date", "id"], name="review_open_due", condition=Q(outcome="")),
        ]
        constraints = [
            RowScope(name="subsidies_entitlementreview_scope", lenses=["cases", "money"]),
            models.UniqueConstraint(
                fields=["entitlement", "kind", "cycle"], name="entitlement_review_once_a_cycle"
            ),
            models.CheckConstraint(
                name="entitlement_review_done_by_somebody",
                condition=Q(outcome="") | (Q(done_by__isnull=False) & Q(done_at__isnull=False)),
            ),
        ]


@tracked("cases", "money")
class SchoolProof(models.Model):
    """在读证明: a child's or student's school in one term (1 autumn, 2 spring) of a school year named by its first year."""

    child = models.ForeignKey("cases.Child", models.PROTECT, related_name="school_proofs")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    school_year = models.PositiveSmallIntegerField(_("school year"))
    term = models.PositiveSmallIntegerField(_("term"), choices=[(1, _("autumn term")), (2, _("spring term"))])
    school = models.CharField(_("school"), max_length=80)
    stage = models.CharField(_("stage"), max_length=20, choices=SchoolStage.choices)
    full_time = models.BooleanField(_("full-time"), default=True)
    until = models.DateField(_("expected to leave school"), null=True, blank=True)
    file = models.ForeignKey("staff.StoredFile", models.PROTECT, null=True, related_name="+")
    seen = models.CharField(_("seen in"), max_length=120, blank=True)
    user = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = ScopedManager["SchoolProof"]()
    follows_child = "always"

    class Meta:
        ordering = ["-school_year", "-term", "pk"]
        verbose_name = _("proof of schooling")
        verbose_name_plural = _("proofs of schooling")
        constraints = [
            RowScope(name="subsidies_schoolproof_scope", lenses=["cases", "money"]),
            models.UniqueConstraint(fields=["child", "school_year", "term"], name="school_proof_once_a_term"),
            models.CheckConstraint(
                name="school_proof_is_shown",
                condition=Q(file__isnull=False) | ~Q(seen=""),
                violation_error_message=_("Add the certificate, or write where enrolment was seen."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.school_year}-{self.term} {self.school}"

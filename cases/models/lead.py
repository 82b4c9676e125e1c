"""政策找人: minors on the lists of other offices who may qualify and are on no register (rows O-18, O-19)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.matching.enums import LeadState
from cases.models.child import Child
from cases.models.lists import ListRow
from cases.models.matching import MatchRun
from cases.workflows import LEAD
from staff.audit import tracked
from staff.crypto import EncryptedField
from staff.policies import RowScope
from staff.scope import ScopedManager


@tracked("cases")
class PotentialChild(models.Model):
    """A minor of whom lists, or a door-to-door round, say that no parent can look after them, until a visit says what is true.

    ``subject`` stands for the person from month to month; ``why`` lists ``{"code", "list_kind", "relation"}``.
    ``region`` is the village, or the township where no village is known. A clue has ``entered_by`` and no run.
    """

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    county = models.BigIntegerField(help_text=_("Division code of the county."))
    subject = models.CharField(max_length=64)
    run = models.ForeignKey(MatchRun, models.PROTECT, null=True, related_name="leads")
    list_row = models.ForeignKey(ListRow, models.SET_NULL, null=True, related_name="+")
    name = models.CharField(_("name"), max_length=60)
    id_number = EncryptedField(verbose_name=_("identity number"))
    birth_date = models.DateField(_("date of birth"), null=True)
    sex = models.CharField(_("sex"), max_length=6, blank=True)
    head_name = models.CharField(_("head of household"), max_length=60, blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    why = models.JSONField(default=list)
    clue = models.TextField(_("what was seen or heard"), blank=True)
    entered_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=12, choices=LeadState.choices, default=LeadState.FOUND)
    due_date = models.DateField(_("due"))
    assigned_to = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    assigned_at = models.DateTimeField(null=True)
    visited_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    visited_at = models.DateTimeField(null=True)
    visit_date = models.DateField(_("day of the visit"), null=True)
    finding = models.TextField(_("what was found"), blank=True)
    problem = models.CharField(_("problem found"), max_length=200, blank=True)
    solution = models.CharField(_("solution"), max_length=200, blank=True)
    child = models.ForeignKey(Child, models.PROTECT, null=True, related_name="+")
    closed_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects = ScopedManager["PotentialChild"]()
    workflow = LEAD
    working_day_fields = ("due_date",)
    follows_child = "never"
    follows_region = True

    class Meta:
        ordering = ["due_date", "pk"]
        verbose_name = _("potential child")
        verbose_name_plural = _("potential children")
        indexes = [
            models.Index(fields=["state", "region", "due_date"], name="lead_queue"),
            models.Index(fields=["region", "created_at"], name="lead_year"),
        ]
        constraints = [
            RowScope(name="cases_potentialchild_scope", lenses=["cases"]),
            models.UniqueConstraint(fields=["county", "subject"], name="lead_once"),
            models.CheckConstraint(
                name="lead_brought_in_has_child",
                condition=~Q(state=LeadState.BROUGHT_IN) | Q(child__isnull=False),
            ),
            models.CheckConstraint(
                name="lead_has_a_source",
                condition=Q(run__isnull=False) | Q(entered_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

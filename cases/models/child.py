"""The person on the register: one file per child (一人一档)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases import identity, pinyin
from cases.enums import (
    Attribute,
    CategoryDetail,
    HealthStatus,
    HouseholdRegistration,
    Insurance,
    LeaveReason,
    Placement,
    PrimaryCategory,
    RiskLevel,
    SchoolStage,
    Sex,
)
from cases.models.category_triggers import TRIGGERS as CATEGORY_TRIGGERS
from cases.models.risk_triggers import TRIGGERS as RISK_TRIGGERS
from staff.audit import tracked
from staff.crypto import EncryptedField
from staff.policies import RowScope
from staff.scope import ScopedManager, ScopedQuerySet

SHARED_CHILD = (("child_id", "shared"),)


class ChildQuerySet(ScopedQuerySet["Child"]):
    def on_register(self) -> ChildQuerySet:
        """Children who have not left."""
        return self.filter(left_date__isnull=True)

    def due_by(self, day: dt.date) -> ChildQuerySet:
        """Children whose next visit is due on or before a day."""
        return self.on_register().filter(next_visit_date__lte=day)


@tracked("cases", ids=(("id", "shared"),))
class Child(models.Model):
    """儿童. ``region`` is the village that keeps the file; 户籍 and residence may lie elsewhere."""

    number = models.CharField(_("register number"), max_length=24)
    name = models.CharField(_("name"), max_length=60)
    name_pinyin = models.CharField(max_length=200, editable=False, blank=True)
    id_number = EncryptedField(verbose_name=_("identity number"))
    id_digest = models.BinaryField(max_length=32, null=True, editable=False)
    birth_date = models.DateField(_("date of birth"))
    sex = models.CharField(_("sex"), max_length=6, choices=Sex.choices)
    ethnicity = models.CharField(_("ethnicity"), max_length=20, blank=True)
    primary_category = models.CharField(_("primary category"), max_length=30, choices=PrimaryCategory.choices)
    category_detail = models.CharField(
        _("sub-type"), max_length=24, choices=CategoryDetail.choices, blank=True, default=""
    )
    category_since = models.DateField(_("category since"), null=True, blank=True)
    placement = models.CharField(
        _("placement"), max_length=12, choices=Placement.choices, default=Placement.SCATTERED
    )
    region = models.ForeignKey(
        "staff.Region",
        models.PROTECT,
        db_column="region_code",
        related_name="+",
        verbose_name=_("village that keeps the file"),
    )
    household_region = models.ForeignKey(
        "staff.Region",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("place of household registration"),
    )
    residence_region = models.ForeignKey(
        "staff.Region",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("place of residence"),
    )
    residence_since = models.DateField(_("living there since"), null=True, blank=True)
    registration = models.CharField(
        _("household registration"), max_length=24, choices=HouseholdRegistration.choices, blank=True
    )
    address = models.CharField(_("address"), max_length=200, blank=True)
    household = models.ForeignKey(
        "cases.Household",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("household"),
    )
    school_stage = models.CharField(
        _("stage of schooling"), max_length=20, choices=SchoolStage.choices, blank=True
    )
    school_name = models.CharField(_("school"), max_length=80, blank=True)
    enrolled_until = models.DateField(_("proof of enrolment valid until"), null=True, blank=True)
    health_status = models.CharField(
        _("state of health"), max_length=20, choices=HealthStatus.choices, blank=True
    )
    health_note = EncryptedField(verbose_name=_("health"))
    insurance = models.CharField(
        _("health insurance"), max_length=8, choices=Insurance.choices, blank=True, default=""
    )
    phone = EncryptedField(verbose_name=_("phone"))
    risk = models.CharField(_("risk"), max_length=8, choices=RiskLevel.choices, default=RiskLevel.GREEN)
    risk_since = models.DateField(null=True, editable=False)
    registered_date = models.DateField(_("registered on"))
    last_visit_date = models.DateField(_("last visit"), null=True, blank=True)
    next_visit_date = models.DateField(_("next visit due"), null=True, blank=True)
    left_date = models.DateField(_("left the register on"), null=True, blank=True)
    left_reason = models.CharField(
        _("reason for leaving"), max_length=2, choices=LeaveReason.choices, blank=True
    )
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="merged_from",
        verbose_name=_("merged into"),
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ScopedManager["Child"](ChildQuerySet)

    class Meta:
        ordering = ["pk"]
        triggers = [*CATEGORY_TRIGGERS, *RISK_TRIGGERS]
        verbose_name = _("child")
        verbose_name_plural = _("children")
        permissions = [
            ("view_shared_child", "May see the shared child's whole file"),
            ("view_limited_child", "May see the shared child's name and needs"),
        ]
        indexes = [
            models.Index(fields=["region", "next_visit_date", "id"], name="child_region_due"),
            models.Index(
                fields=["next_visit_date", "id"], name="child_due", condition=Q(left_date__isnull=True)
            ),
            models.Index(fields=["region", "name_pinyin", "id"], name="child_region_name"),
            # The list of a county is read in these orders; each serves one filter without reading the rest.
            models.Index(
                fields=["risk", "next_visit_date", "id"],
                name="child_risk_due",
                condition=Q(left_date__isnull=True),
            ),
            models.Index(
                fields=["primary_category", "next_visit_date", "id"],
                name="child_category_due",
                condition=Q(left_date__isnull=True),
            ),
            # Of those who left too: a search finds both.
            models.Index(fields=["name_pinyin", "id"], name="child_name"),
            models.Index(
                fields=["next_visit_date", "id"],
                name="child_institution_due",
                condition=Q(left_date__isnull=True, placement="institution"),
            ),
            models.Index(
                fields=["-left_date", "-id"], name="child_left", condition=Q(left_date__isnull=False)
            ),
            models.Index(fields=["number"], name="child_number"),
            # A person is looked for by identity number, or by birth date and the sound of the name (cases.duplicates.twins).
            models.Index(fields=["id_digest"], name="child_digest", condition=Q(id_digest__isnull=False)),
            # Who may be one child twice (cases/duplicates/services.py).
            models.Index(
                fields=["birth_date", "name_pinyin"],
                name="child_namesakes",
                condition=Q(merged_into__isnull=True),
            ),
            models.Index(fields=["birth_date", "name_pinyin"], name="child_birth_sound"),
            models.Index(
                fields=["birth_date", "id"], name="child_birth", condition=Q(left_date__isnull=True)
            ),
            models.Index(
                fields=["registered_date", "id"], name="child_registered", condition=Q(left_date__isnull=True)
            ),
            models.Index(
                fields=["last_visit_date", "id"], name="child_visited", condition=Q(left_date__isnull=True)
            ),
            models.Index(
                fields=["next_visit_date", "id"],
                name="child_unnumbered_due",
                condition=Q(left_date__isnull=True, id_digest__isnull=True),
            ),
            # Codes of which some are rare: the planner combines these small indexes.
            models.Index(
                fields=["category_detail"],
                name="child_detail",
                condition=Q(left_date__isnull=True) & ~Q(category_detail=""),
            ),
            models.Index(fields=["school_stage"], name="child_stage", condition=Q(left_date__isnull=True)),
            models.Index(fields=["health_status"], name="child_health", condition=Q(left_date__isnull=True)),
            models.Index(fields=["insurance"], name="child_insurance", condition=Q(left_date__isnull=True)),
            models.Index(
                fields=["registration"], name="child_registration", condition=Q(left_date__isnull=True)
            ),
            # Everybody present, as the policy asks for them, without reading the table: who has no guardian is what is
            # left of these after Guardian's own index.
            models.Index(
                fields=["id"], include=["region"], name="child_present", condition=Q(left_date__isnull=True)
            ),
        ]
        constraints = [
            RowScope(
                name="cases_child_scope",
                lenses=["cases"],
                ids=[("id", "shared")],
                read_ids=[("id", "limited")],
            ),
            models.UniqueConstraint(
                fields=["id_digest"],
                name="child_identity_once",
                condition=Q(id_digest__isnull=False, left_date__isnull=True),
                violation_error_message=_("A child with this identity number is already on a register."),
            ),
            models.CheckConstraint(
                name="child_left_has_reason",
                condition=Q(left_date__isnull=True, left_reason="")
                | (Q(left_date__isnull=False) & ~Q(left_reason="")),
                violation_error_message=_("Leaving the register needs a date and a reason."),
            ),
            models.CheckConstraint(name="child_risk_known", condition=Q(risk__in=RiskLevel.values)),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        fields = kwargs.get("update_fields")
        if fields is None or "name" in fields:
            self.name_pinyin = pinyin.sort_key(self.name)
            if fields is not None:
                kwargs["update_fields"] = {*fields, "name_pinyin"}
        super().save(*args, **kwargs)

    @property
    def masked_identity(self) -> str:
        """The identity number as screens show it; empty when the child has none."""
        return identity.mask(self.id_number) if self.id_number else ""


@tracked("cases", ids=SHARED_CHILD)
class ChildAttribute(models.Model):
    """A dated attribute of a child beside its one primary category."""

    child = models.ForeignKey(Child, models.CASCADE, related_name="attributes")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(_("attribute"), max_length=30, choices=Attribute.choices)
    start_date = models.DateField(_("from"))
    end_date = models.DateField(_("to"), null=True, blank=True)
    evidence = models.CharField(_("evidence"), max_length=120, blank=True)

    objects = ScopedManager["ChildAttribute"]()

    class Meta:
        ordering = ["child_id", "start_date", "pk"]
        indexes = [models.Index(fields=["kind", "child"], name="attribute_kind")]
        constraints = [
            RowScope(name="cases_childattribute_scope", lenses=["cases"], ids=SHARED_CHILD),
            models.UniqueConstraint(
                fields=["child", "kind"], condition=Q(end_date__isnull=True), name="attribute_open_once"
            ),
        ]


class ChildToken(models.Model):
    """Search index: keyed hashes of name grams, pinyin, initials, number tails. ``LIKE`` is not leakproof, equality of bigints is.

    ``name_pinyin`` repeats the child's beside fragments of names, which many children may have: what is found by
    them is read in the order of names without sorting it all.
    """

    pk = models.CompositePrimaryKey("token", "region_code", "child_id")
    token = models.BigIntegerField()
    region_code = models.BigIntegerField()
    child_id = models.BigIntegerField(db_index=True)
    name_pinyin = models.CharField(max_length=200, null=True, editable=False)  # noqa: DJ001 - NULL is not indexed

    class Meta:
        indexes = [
            models.Index(
                fields=["token", "name_pinyin", "child_id"],
                name="token_by_name",
                condition=Q(name_pinyin__isnull=False),
            )
        ]
        constraints = [RowScope(name="cases_childtoken_scope", lenses=["cases"], ids=SHARED_CHILD)]

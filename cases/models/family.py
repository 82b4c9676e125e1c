"""The child's household, guardians, caregivers, parents' situations and payee, all dated."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases import identity
from cases.enums import Evidence, GuardianKind, ParentSituationKind, Relation
from cases.models.child import SHARED_CHILD, Child
from staff.audit import tracked
from staff.crypto import EncryptedField
from staff.policies import RowScope
from staff.scope import ScopedManager


@tracked("cases")
class Household(models.Model):
    """户. Head (户主) and address."""

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    head_name = models.CharField(_("head of household"), max_length=60)
    head_id_number = EncryptedField(verbose_name=_("head's identity number"))
    head_id_digest = models.BinaryField(max_length=32, null=True, editable=False)
    address = models.CharField(_("address"), max_length=200, blank=True)

    objects = ScopedManager["Household"]()
    follows_region = True

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["region", "head_id_digest"])]
        constraints = [RowScope(name="cases_household_scope", lenses=["cases"])]

    def __str__(self) -> str:
        return self.head_name


@tracked("cases", ids=SHARED_CHILD)
class Guardian(models.Model):
    """监护人 (legal) or 实际照料人 (caregiver), a dated relation."""

    child = models.ForeignKey(Child, models.CASCADE, related_name="guardians")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(_("capacity"), max_length=10, choices=GuardianKind.choices)
    name = models.CharField(_("name"), max_length=60)
    relation = models.CharField(_("relation to the child"), max_length=20, choices=Relation.choices)
    id_number = EncryptedField(verbose_name=_("identity number"))
    id_digest = models.BinaryField(max_length=32, null=True, editable=False)
    phone = EncryptedField(verbose_name=_("phone"))
    start_date = models.DateField(_("from"))
    end_date = models.DateField(_("to"), null=True, blank=True)

    objects = ScopedManager["Guardian"]()

    class Meta:
        ordering = ["child_id", "-start_date", "pk"]
        verbose_name = _("guardian or caregiver")
        indexes = [
            models.Index(fields=["id_digest"], name="guardian_digest", condition=Q(id_digest__isnull=False)),
            # Whose guardian is one in law, and when, without reading the table.
            models.Index(
                fields=["child"],
                include=["region", "start_date", "end_date"],
                name="guardian_in_law",
                condition=Q(kind__in=(GuardianKind.LEGAL, GuardianKind.BOTH)),
            ),
        ]
        constraints = [
            RowScope(name="cases_guardian_scope", lenses=["cases"], ids=SHARED_CHILD),
            models.CheckConstraint(
                name="guardian_ends_after_start",
                condition=Q(end_date__isnull=True) | Q(end_date__gte=F("start_date")),
                violation_error_message=_("The last day lies before the first day."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def masked_phone(self) -> str:
        return identity.mask_phone(self.phone) if self.phone else ""


@tracked("cases", ids=SHARED_CHILD)
class ParentSituation(models.Model):
    """父母情形: why a parent does not raise the child, with evidence and dates that drive re-checks (rules.md 1.1)."""

    class Parent(models.TextChoices):
        FATHER = "father", _("father")
        MOTHER = "mother", _("mother")

    child = models.ForeignKey(Child, models.CASCADE, related_name="parent_situations")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    parent = models.CharField(_("parent"), max_length=6, choices=Parent.choices)
    parent_name = models.CharField(_("name"), max_length=60, blank=True)
    kind = models.CharField(_("situation"), max_length=30, choices=ParentSituationKind.choices)
    start_date = models.DateField(_("from"))
    expected_end_date = models.DateField(_("expected end"), null=True, blank=True)
    end_date = models.DateField(_("ended on"), null=True, blank=True)
    evidence = models.CharField(_("evidence"), max_length=30, choices=Evidence.choices, blank=True)
    document = models.CharField(_("number of the document"), max_length=120, blank=True)
    verified_by = models.CharField(_("verified by"), max_length=60, blank=True)
    verified_date = models.DateField(_("verified on"), null=True, blank=True)

    objects = ScopedManager["ParentSituation"]()

    class Meta:
        ordering = ["child_id", "parent", "-start_date", "pk"]
        verbose_name = _("parent's situation")
        constraints = [
            RowScope(name="cases_parentsituation_scope", lenses=["cases"], ids=SHARED_CHILD),
            models.UniqueConstraint(
                # A parent may be in prison and ill at once, so once for each kind.
                fields=["child", "parent", "kind"],
                condition=Q(end_date__isnull=True),
                name="parent_situation_open_once",
                violation_error_message=_(
                    "This situation of this parent is already on record. End it first."
                ),
            ),
        ]


@tracked("cases", "money")
class Payee(models.Model):
    """领款人: who receives the money for a child, dated. The account is encrypted; its digest finds accounts used twice."""

    child = models.ForeignKey(Child, models.CASCADE, related_name="payees")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    name = models.CharField(_("account holder"), max_length=60)
    relation = models.CharField(_("relation to the child"), max_length=20, choices=Relation.choices)
    bank_name = models.CharField(_("bank"), max_length=80)
    account = EncryptedField(verbose_name=_("account number"))
    account_digest = models.BinaryField(max_length=32, null=True, editable=False)
    # None until somebody has looked: the account is read from its ciphertext once.
    account_sound = models.BooleanField(null=True, editable=False)
    purpose = models.CharField(
        _("for"), max_length=20, blank=True, help_text=_("Code of one scheme; empty for every other one.")
    )
    start_date = models.DateField(_("from"))
    end_date = models.DateField(_("to"), null=True, blank=True)

    objects = ScopedManager["Payee"]()

    class Meta:
        ordering = ["child_id", "-start_date", "pk"]
        verbose_name = _("payee")
        constraints = [
            RowScope(name="cases_payee_scope", lenses=["cases", "money"], ids=SHARED_CHILD),
            models.UniqueConstraint(
                fields=["child", "purpose"], condition=Q(end_date__isnull=True), name="payee_open_once"
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Another account has not been looked at."""
        fields = kwargs.get("update_fields")
        if fields is None or "account" in fields:
            self.account_sound = None
            if fields is not None:
                kwargs["update_fields"] = {*fields, "account_sound"}
        super().save(*args, **kwargs)

    @property
    def masked_account(self) -> str:
        return identity.mask_account(self.account) if self.account else ""

"""External lists, runs of the matcher, what people decided, and what follows from it."""

from __future__ import annotations

from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models.child import SHARED_CHILD, Child
from cases.workflows import DISCREPANCY
from staff.audit import tracked
from staff.crypto import EncryptedField
from staff.policies import RowScope
from staff.scope import ScopedManager


class ListKind(models.TextChoices):
    DIBAO = "dibao", _("minimum living allowance list (dibao)")
    TEKUN = "tekun", _("extreme poverty list (tekun)")
    CANLIAN = "canlian", _("disability certificate list")
    DEATH = "death", _("death register")
    PRISON = "prison", _("list of prisoners")


@tracked("cases")
class ListImport(models.Model):
    """An uploaded list. The same file for the same region, kind and month is one import, however often it is sent."""

    class State(models.TextChoices):
        PREVIEW = "preview", _("to be confirmed")
        STAGED = "staged", _("staged")

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(_("list"), max_length=10, choices=ListKind.choices)
    period = models.DateField(_("month"), help_text=_("First day of the month."))
    name = models.CharField(_("file"), max_length=200)
    file = models.ForeignKey("staff.StoredFile", models.PROTECT, null=True, related_name="+")
    sha256 = models.CharField(max_length=64)
    mapping = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    row_count = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREVIEW)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    objects = ScopedManager["ListImport"]()

    class Meta:
        ordering = ["-period", "kind", "-created_at", "pk"]
        constraints = [
            RowScope(name="cases_listimport_scope", lenses=["cases"]),
            models.UniqueConstraint(fields=["region", "kind", "period", "sha256"], name="list_file_once"),
        ]

    def __str__(self) -> str:
        return self.name


class ListRow(models.Model):
    """One row of a list as sent. Numbers are encrypted; digests serve look-ups."""

    id = models.BigAutoField(primary_key=True)
    list_import = models.ForeignKey(ListImport, models.CASCADE, related_name="rows")
    region = models.ForeignKey(
        "staff.Region", models.PROTECT, db_column="region_code", related_name="+", db_index=False
    )
    kind = models.CharField(max_length=10)
    own_id = models.CharField(max_length=60)
    sheet = models.CharField(max_length=60, blank=True)
    line = models.PositiveIntegerField()
    household = models.CharField(max_length=40, blank=True)
    sender_code = models.CharField(max_length=12, blank=True)
    name = models.CharField(max_length=60)
    id_number = EncryptedField()
    id_digest = models.BinaryField(max_length=32, null=True)
    relation = models.CharField(max_length=20, blank=True)
    sex = models.CharField(max_length=4, blank=True)
    birth_date = models.CharField(max_length=20, blank=True)
    head_name = models.CharField(max_length=60, blank=True)
    head_id = EncryptedField()
    village_name = models.CharField(max_length=60, blank=True)
    category = models.CharField(max_length=40, blank=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    start_month = models.CharField(max_length=20, blank=True)

    objects = ScopedManager["ListRow"]()

    class Meta:
        ordering = ["list_import_id", "pk"]
        constraints = [RowScope(name="cases_listrow_scope", lenses=["cases"])]
        indexes = [HashIndex(fields=["id_digest"], name="listrow_digest")]


@tracked("cases")
class MatchRun(models.Model):
    """比对: one month's matching of a region's lists with its register."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        REVIEW = "review", _("to be reviewed")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    period = models.DateField(_("month"))
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    fingerprint = models.CharField(
        max_length=64, blank=True, help_text=_("sha256 over the lists and settings that were matched.")
    )
    settings = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    job = models.ForeignKey("staff.Job", models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = ScopedManager["MatchRun"]()

    class Meta:
        ordering = ["-period", "pk"]
        constraints = [
            RowScope(name="cases_matchrun_scope", lenses=["cases"]),
            models.UniqueConstraint(fields=["region", "period"], name="match_run_once_a_month"),
        ]


@tracked("cases")
class MatchCandidate(models.Model):
    """A pair of list row and child with score and reasons."""

    class Tier(models.TextChoices):
        AUTO = "auto", _("certain")
        REVIEW = "review", _("to review")

    class State(models.TextChoices):
        PENDING = "pending", _("to be decided")
        ACCEPTED = "accepted", _("same child")
        REJECTED = "rejected", _("not the same child")

    run = models.ForeignKey(MatchRun, models.CASCADE, related_name="candidates")
    list_row = models.ForeignKey(ListRow, models.CASCADE, related_name="candidates")
    child = models.ForeignKey(Child, models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    tier = models.CharField(max_length=8, choices=Tier.choices)
    score = models.DecimalField(max_digits=5, decimal_places=4)
    rule = models.CharField(max_length=40)
    reasons = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices)
    remembered = models.BooleanField(default=False)
    decided_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    objects = ScopedManager["MatchCandidate"]()

    class Meta:
        ordering = ["run_id", "-score", "pk"]
        indexes = [models.Index(fields=["run", "state", "tier"])]
        constraints = [
            RowScope(name="cases_matchcandidate_scope", lenses=["cases"]),
            models.UniqueConstraint(fields=["run", "list_row", "child"], name="candidate_once"),
        ]


@tracked("cases")
class MatchDecision(models.Model):
    """What a person decided about a pair, remembered for the months to come. ``row_digest`` stands for the row's name and number."""

    child = models.ForeignKey(Child, models.CASCADE, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(max_length=10)
    row_digest = models.BinaryField(max_length=32)
    same = models.BooleanField()
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    objects = ScopedManager["MatchDecision"]()

    class Meta:
        ordering = ["pk"]
        constraints = [
            RowScope(name="cases_matchdecision_scope", lenses=["cases"]),
            models.UniqueConstraint(fields=["child", "row_digest"], name="decision_once"),
        ]


@tracked("cases", "money")
class Discrepancy(models.Model):
    """疑点: a confirmed difference between list and register that a person must decide. Nothing stops a payment by itself."""

    class Kind(models.TextChoices):
        PAID_IN_FULL = "paid_full", _("on the list and paid in full")
        NOT_REGISTERED = "not_registered", _("on the list, not on the register")
        GONE = "gone", _("gone from the list")
        DIFFERENT = "different", _("different data")

    class State(models.TextChoices):
        TO_CHECK = "to_check", _("to be checked")
        TRUE = "true", _("true")
        UNTRUE = "untrue", _("untrue")
        UNCHECKABLE = "uncheckable", _("cannot be checked")

    run = models.ForeignKey(MatchRun, models.PROTECT, related_name="discrepancies")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    list_kind = models.CharField(max_length=10, choices=ListKind.choices)
    child = models.ForeignKey(Child, models.PROTECT, null=True, related_name="discrepancies")
    list_row = models.ForeignKey(ListRow, models.SET_NULL, null=True, related_name="+")
    detail = models.JSONField(default=dict)
    due_date = models.DateField(_("due"))
    state = models.CharField(max_length=12, choices=State.choices, default=State.TO_CHECK)
    remedy = models.CharField(max_length=40, blank=True)
    outcome = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    decided_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    objects = ScopedManager["Discrepancy"]()
    workflow = DISCREPANCY

    class Meta:
        ordering = ["due_date", "pk"]
        verbose_name = _("discrepancy")
        verbose_name_plural = _("discrepancies")
        constraints = [
            RowScope(name="cases_discrepancy_scope", lenses=["cases"], ids=SHARED_CHILD),
            models.UniqueConstraint(
                fields=["run", "kind", "child", "list_kind"],
                condition=Q(child__isnull=False),
                name="discrepancy_child_once",
            ),
            models.UniqueConstraint(
                fields=["run", "kind", "list_row"],
                condition=Q(child__isnull=True),
                name="discrepancy_row_once",
            ),
            models.CheckConstraint(
                name="discrepancy_decided_by_someone",
                condition=Q(state="to_check") | (Q(decided_by__isnull=False) & Q(decided_at__isnull=False)),
            ),
        ]

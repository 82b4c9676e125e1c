"""Runs of the matcher, the pairs they propose, what people decided, and what follows from it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.matching import kinds
from cases.matching.enums import Found, Method
from cases.models.child import SHARED_CHILD, Child
from cases.models.lists import ListRow
from cases.workflows import DISCREPANCY
from staff.audit import tracked
from staff.policies import RowScope
from staff.scope import ScopedManager


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
    part_of = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        related_name="parts",
        help_text=_("The wider run this county's is a part of."),
    )
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = ScopedManager["MatchRun"]()

    class Meta:
        ordering = ["-period", "pk"]
        constraints = [
            RowScope(name="cases_matchrun_scope", lenses=["cases"]),
            models.UniqueConstraint(fields=["region", "period"], name="match_run_once_a_month"),
        ]


class MatchExecution(models.Model):
    """One time that a run was carried out: what it matched, under which settings, and the pairs it found, frozen."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    run = models.ForeignKey(MatchRun, models.CASCADE, related_name="executions")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    number = models.PositiveSmallIntegerField()
    repeats = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    lists = models.JSONField(default=list, help_text=_("Number, name and sha256 of each list."))
    settings = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64, blank=True)
    counts = models.JSONField(default=dict)
    result = models.ForeignKey("staff.StoredFile", models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = ScopedManager["MatchExecution"]()

    class Meta:
        ordering = ["run_id", "-number"]
        constraints = [
            RowScope(name="cases_matchexecution_scope", lenses=["cases"]),
            models.UniqueConstraint(fields=["run", "number"], name="match_execution_number"),
        ]


class MatchRole(models.TextChoices):
    """Whom of a child's file a list row is."""

    CHILD = "child", _("the child")
    GUARDIAN = "guardian", _("guardian or caregiver")
    PARENT = "parent", _("parent")
    HEAD = "head", _("head of household")
    CARER = "carer", _("entrusted carer")


@tracked("cases")
class MatchCandidate(models.Model):
    """A pair of a list row and a person of a child's file, with score and reasons.

    ``person_id`` is the row of the person in the table of their role, 0 for the child.
    """

    class Tier(models.TextChoices):
        AUTO = "auto", _("certain")
        REVIEW = "review", _("to review")

    class State(models.TextChoices):
        """What a person made of the pair; ``WAITING`` below are those that are not settled."""

        PENDING = "pending", _("to be decided")
        UNSURE = "unsure", _("unsure, put back")
        PROPOSED = "proposed", _("waits for a second person")
        ACCEPTED = "accepted", _("same person")
        REJECTED = "rejected", _("not the same person")

    WAITING = (State.PENDING, State.UNSURE, State.PROPOSED)

    run = models.ForeignKey(MatchRun, models.CASCADE, related_name="candidates")
    list_row = models.ForeignKey(ListRow, models.CASCADE, related_name="candidates")
    child = models.ForeignKey(Child, models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=MatchRole.choices, default=MatchRole.CHILD)
    person_id = models.BigIntegerField(default=0)
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    tier = models.CharField(max_length=8, choices=Tier.choices)
    score = models.DecimalField(max_digits=5, decimal_places=4)
    rule = models.CharField(max_length=40)
    reasons = models.JSONField(default=list)
    alike = models.CharField(
        max_length=32, blank=True, help_text=_("Equal for pairs with the same rule and reasons.")
    )
    state = models.CharField(max_length=10, choices=State.choices)
    remembered = models.BooleanField(default=False)
    note = models.CharField(_("reason in words"), max_length=200, blank=True, db_default="")
    sampled = models.BooleanField(default=False, help_text=_("Drawn to be looked at although certain."))
    proposed_same = models.BooleanField(null=True)
    proposed_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    proposed_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    objects = ScopedManager["MatchCandidate"]()

    class Meta:
        ordering = ["run_id", "-score", "pk"]
        indexes = [
            models.Index(fields=["run", "state", "tier"]),
            models.Index(fields=["run", "state", "alike"], name="candidate_alike"),
        ]
        constraints = [
            RowScope(name="cases_matchcandidate_scope", lenses=["cases"]),
            models.UniqueConstraint(
                fields=["run", "list_row", "child", "role", "person_id"], name="candidate_once"
            ),
            models.CheckConstraint(
                name="candidate_second_is_another",
                condition=Q(decided_by__isnull=True)
                | Q(proposed_by__isnull=True)
                | ~Q(decided_by=F("proposed_by")),
                violation_error_message=_("Another person decides after you."),
            ),
        ]


@tracked("cases")
class MatchDecision(models.Model):
    """What a person decided about a pair, remembered for the months to come.

    ``row_digest`` stands for whom the row names, ``person_digest`` for whom the register has: a decision holds while
    both are what they were (:mod:`cases.matching.review.decisions`).
    """

    child = models.ForeignKey(Child, models.CASCADE, related_name="+")
    role = models.CharField(max_length=10, choices=MatchRole.choices, default=MatchRole.CHILD)
    person_id = models.BigIntegerField(default=0)
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(max_length=20)
    row_digest = models.BinaryField(max_length=32)
    person_digest = models.BinaryField(max_length=32, null=True)
    rule = models.CharField(max_length=40, blank=True)
    tier = models.CharField(max_length=8, blank=True)
    same = models.BooleanField()
    note = models.CharField(_("reason in words"), max_length=200, blank=True, db_default="")
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    second = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    objects = ScopedManager["MatchDecision"]()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["region", "rule"], name="decision_rule")]
        constraints = [
            RowScope(name="cases_matchdecision_scope", lenses=["cases"]),
            models.UniqueConstraint(
                fields=["child", "role", "person_id", "row_digest"], name="decision_once"
            ),
        ]


@tracked("cases")
class RuleDecision(models.Model):
    """A person's word on whether a rule of the matcher may go without a person in a county; the latest one counts.

    What speaks against the rule from before it counts no longer (:mod:`cases.matching.review.learned`).
    """

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    rule = models.CharField(max_length=40)
    automatic = models.BooleanField()
    reason = models.CharField(_("reason"), max_length=200)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    objects = ScopedManager["RuleDecision"]()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["region", "rule", "-at"], name="rule_decision_latest")]
        constraints = [
            RowScope(name="cases_ruledecision_scope", lenses=["cases"]),
            models.CheckConstraint(
                name="rule_decision_has_reason",
                condition=~Q(reason=""),
                violation_error_message=_("Write the reason in words."),
            ),
        ]


@tracked("cases", "money")
class Discrepancy(models.Model):
    """疑点: a confirmed difference between list and register that a person must decide. Nothing stops a payment by itself."""

    class Kind(models.TextChoices):
        PAID_IN_FULL = "paid_full", _("on the list and paid in full")
        NOT_REGISTERED = "not_registered", _("on the list, not on the register")
        NEW = "new", _("new on the list")
        GONE = "gone", _("gone from the list")
        AMOUNT = "amount", _("amount changed")
        DIFFERENT = "different", _("different data")
        MOVED = "moved", _("registered elsewhere now")
        CHILD_DEAD = "child_dead", _("child recorded dead")
        PARENT_DEAD = "parent_dead", _("parent recorded dead")
        GUARDIAN_DEAD = "guardian_dead", _("guardian recorded dead")
        CUSTODY = "custody", _("parent in custody")
        RELEASED = "released", _("parent released")
        DISABLED = "disabled", _("disability certificate, not on the register")
        PARENT_DISABLED = "parent_disabled", _("parent severely disabled")
        DROPOUT = "dropout", _("not on the school roll")
        UNINSURED = "uninsured", _("not insured")

    class State(models.TextChoices):
        TO_CHECK = "to_check", _("to be checked")
        VERIFIED = "verified", _("verified, county to decide")
        TRUE = "true", _("true")
        UNTRUE = "untrue", _("untrue")
        UNCHECKABLE = "uncheckable", _("cannot be checked")
        CLOSED = "closed", pgettext_lazy("discrepancy", "closed")

    OPEN = (State.TO_CHECK, State.VERIFIED)  # nobody has decided yet

    run = models.ForeignKey(MatchRun, models.PROTECT, related_name="discrepancies")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    list_kind = models.CharField(max_length=20)
    child = models.ForeignKey(Child, models.PROTECT, null=True, related_name="discrepancies")
    role = models.CharField(max_length=10, choices=MatchRole.choices, default=MatchRole.CHILD)
    person_id = models.BigIntegerField(default=0)
    list_row = models.ForeignKey(ListRow, models.SET_NULL, null=True, related_name="+")
    detail = models.JSONField(default=dict)
    due_date = models.DateField(_("due"))
    state = models.CharField(max_length=12, choices=State.choices, default=State.TO_CHECK)
    method = models.CharField(_("verified by"), max_length=12, choices=Method.choices, blank=True)
    found = models.CharField(_("found"), max_length=16, choices=Found.choices, blank=True)
    outcome = models.TextField(blank=True)
    visit = models.ForeignKey("cases.Visit", models.PROTECT, null=True, related_name="+")
    document = models.ForeignKey("staff.StoredFile", models.PROTECT, null=True, related_name="+")
    verified_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    verified_at = models.DateTimeField(null=True)
    remedy = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    decided_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    feedback = models.TextField(_("feedback"), blank=True)
    closed_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)

    objects = ScopedManager["Discrepancy"]()
    workflow = DISCREPANCY
    working_day_fields = ("due_date",)

    class Meta:
        ordering = ["due_date", "pk"]
        verbose_name = _("discrepancy")
        verbose_name_plural = _("discrepancies")
        constraints = [
            RowScope(name="cases_discrepancy_scope", lenses=["cases"], ids=SHARED_CHILD),
            models.UniqueConstraint(
                fields=["run", "kind", "child", "list_kind", "role", "person_id"],
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
                condition=Q(state__in=["to_check", "verified"])
                | (Q(decided_by__isnull=False) & Q(decided_at__isnull=False)),
            ),
        ]

    def get_list_kind_display(self) -> str:
        return kinds.name_of(self.list_kind)

"""Lists of other offices: the file, how its columns are read, its rows that matter, and the register's keys beside them."""

from __future__ import annotations

from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.matching import kinds
from staff.audit import tracked
from staff.crypto import EncryptedField
from staff.policies import RowScope
from staff.scope import ScopedManager


@tracked("cases")
class ListLayout(models.Model):
    """How the columns of a sender's list are read, remembered: the next file of this layout needs no click."""

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(_("list"), max_length=20)
    sender = models.CharField(
        _("sender"),
        max_length=12,
        blank=True,
        help_text=_("Division code of the sending office; empty for every one."),
    )
    signature = models.CharField(max_length=64, help_text=_("sha256 over the texts of the header."))
    mapping = models.JSONField(default=dict)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    objects = ScopedManager["ListLayout"]()

    class Meta:
        ordering = ["pk"]
        constraints = [
            RowScope(name="cases_listlayout_scope", lenses=["cases"]),
            models.UniqueConstraint(
                fields=["region", "kind", "sender", "signature"], name="list_layout_once"
            ),
        ]


@tracked("cases")
class ListImport(models.Model):
    """An uploaded list. The same file for the same region, kind and month is one import, however often it is sent.

    Its rows stand, as typed, in ``frame``: one encrypted file of columns (:mod:`cases.matching.engine.frames`).
    """

    class State(models.TextChoices):
        PREVIEW = "preview", _("to be confirmed")
        STAGED = "staged", _("staged")
        REPLACED = "replaced", _("replaced by a corrected list")

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(_("list"), max_length=20)
    period = models.DateField(_("month"), help_text=_("First day of the month."))
    name = models.CharField(_("file"), max_length=200)
    file = models.ForeignKey("staff.StoredFile", models.PROTECT, null=True, related_name="+")
    frame = models.ForeignKey("staff.StoredFile", models.PROTECT, null=True, related_name="+")
    sha256 = models.CharField(max_length=64)
    content_sha256 = models.CharField(
        max_length=64, blank=True, help_text=_("sha256 over the rows, whatever file they came in.")
    )
    sender = models.CharField(_("sender"), max_length=12, blank=True)
    senders = models.JSONField(default=list, help_text=_("Division codes that the rows come from."))
    layout = models.ForeignKey(ListLayout, models.PROTECT, null=True, related_name="+")
    mapping = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    row_count = models.PositiveIntegerField(default=0)
    rows_in_file = models.PositiveIntegerField(default=0)
    rows_rejected = models.PositiveIntegerField(default=0)
    rows_other = models.PositiveIntegerField(
        default=0, help_text=_("Titles, headers, totals, signatures and blank rows.")
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREVIEW)
    request = models.ForeignKey(
        "cases.DataRequest",
        models.PROTECT,
        null=True,
        related_name="answers",
        help_text=_("The request it answers."),
    )
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="replaced_by")
    part_of = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        related_name="parts",
        help_text=_("The list of several counties whose rows of this county it holds; it has no file."),
    )
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    objects = ScopedManager["ListImport"]()

    class Meta:
        ordering = ["-period", "kind", "-created_at", "pk"]
        constraints = [
            RowScope(name="cases_listimport_scope", lenses=["cases"]),
            models.UniqueConstraint(fields=["region", "kind", "period", "sha256"], name="list_file_once"),
            models.CheckConstraint(
                # Lists of before this was counted have no rows_in_file.
                name="list_rows_add_up",
                condition=Q(frame__isnull=True)
                | Q(rows_in_file=F("row_count") + F("rows_rejected") + F("rows_other")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_kind_display(self) -> str:
        return kinds.name_of(self.kind)


class ListRow(models.Model):
    """A row of a list that matters: it has a candidate, or a finder names its person. Numbers are encrypted."""

    id = models.BigAutoField(primary_key=True)
    list_import = models.ForeignKey(ListImport, models.CASCADE, related_name="rows")
    row = models.PositiveIntegerField(null=True, help_text=_("Place in the list's columns."))
    region = models.ForeignKey(
        "staff.Region", models.PROTECT, db_column="region_code", related_name="+", db_index=False
    )
    kind = models.CharField(max_length=20)
    own_id = models.CharField(max_length=60)
    sheet = models.CharField(max_length=60, blank=True)
    line = models.PositiveIntegerField()
    household = models.CharField(max_length=40, blank=True)
    people = models.PositiveSmallIntegerField(default=1, help_text=_("Rows of the household on the list."))
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
    level = models.CharField(max_length=20, blank=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    start_month = models.CharField(max_length=20, blank=True)
    event_date = models.CharField(max_length=20, blank=True)

    objects = ScopedManager["ListRow"]()

    class Meta:
        ordering = ["list_import_id", "pk"]
        constraints = [
            RowScope(name="cases_listrow_scope", lenses=["cases"]),
            models.UniqueConstraint(fields=["list_import", "row"], name="list_row_once"),
        ]
        indexes = [HashIndex(fields=["id_digest"], name="listrow_digest")]


class RegisterKeys(models.Model):
    """A county's register as the matcher compares it: one encrypted file of columns, of which a run recomputes what changed."""

    region = models.OneToOneField(
        "staff.Region", models.PROTECT, db_column="region_code", related_name="+", primary_key=True
    )
    version = models.CharField(max_length=64, help_text=_("sha256 over what decides the keys."))
    frame = models.BinaryField()
    people = models.PositiveIntegerField(default=0)
    watermark = models.DateTimeField(help_text=_("Changes before this moment are in the keys."))

    objects = ScopedManager["RegisterKeys"]()

    class Meta:
        constraints = [RowScope(name="cases_registerkeys_scope", lenses=["cases"])]

"""A register kept elsewhere, taken over row by row, and how to take that back."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.circumstances.enums import ImportState, RowOutcome
from staff.audit import tracked
from staff.crypto import EncryptedField
from staff.policies import RowScope
from staff.scope import ScopedManager


@tracked("cases")
class RegisterImport(models.Model):
    """One file: how its columns were named, what was found, what was done."""

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    name = models.CharField(_("file"), max_length=200)
    file = models.ForeignKey("staff.StoredFile", models.PROTECT, null=True, related_name="+")
    sha256 = models.CharField(max_length=64)
    state = models.CharField(
        _("state"), max_length=10, choices=ImportState.choices, default=ImportState.UPLOADED
    )
    mapping = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    job = models.ForeignKey("staff.Job", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    undo_reason = models.CharField(max_length=200, blank=True)

    objects = ScopedManager["RegisterImport"]()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("import of a register")
        constraints = [RowScope(name="cases_registerimport_scope", lenses=["cases"])]

    def __str__(self) -> str:
        return self.name


class RegisterImportRow(models.Model):
    """One row of the file: its cells, what is wrong with them, which child it became, what stood there before."""

    register_import = models.ForeignKey(RegisterImport, models.CASCADE, related_name="rows")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    sheet = models.CharField(max_length=60, blank=True)
    line = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=RowOutcome.choices)
    cells = EncryptedField(help_text=_("JSON: column → text."))
    problems = models.JSONField(default=list)
    child_id = models.BigIntegerField(null=True)
    before = EncryptedField(help_text=_("JSON of what an update overwrote."))
    applied = models.BooleanField(default=False)

    objects = ScopedManager["RegisterImportRow"]()
    # A row of a file stays with the file.
    follows_child = "never"

    class Meta:
        ordering = ["register_import_id", "pk"]
        indexes = [
            models.Index(fields=["register_import", "outcome", "id"], name="import_row_outcome"),
            models.Index(fields=["child_id"], name="import_row_child"),
        ]
        constraints = [RowScope(name="cases_registerimportrow_scope", lenses=["cases"])]

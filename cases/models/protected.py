"""Facts that only named people may read: HIV, sexual abuse, a reporter's identity."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.models.child import SHARED_CHILD, Child
from staff.audit import tracked
from staff.crypto import EncryptedField
from staff.policies import RestrictedRows, RowScope
from staff.scope import ScopedManager


@tracked("cases", named="case_id")
class ProtectedFact(models.Model):
    """A fact about a child; kind and text are both encrypted. Readable by those named on the restricted case it belongs to."""

    child = models.ForeignKey(Child, models.CASCADE, related_name="protected_facts")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="protected_facts")
    restricted = models.BooleanField(default=True, editable=False)
    kind = EncryptedField(verbose_name=_("kind"))
    text = EncryptedField(verbose_name=_("text"))
    created_at = models.DateTimeField()

    objects = ScopedManager["ProtectedFact"]()

    class Meta:
        ordering = ["child_id", "created_at", "pk"]
        constraints = [
            RowScope(name="cases_protectedfact_scope", lenses=["cases"], ids=SHARED_CHILD),
            RestrictedRows(
                name="cases_protectedfact_named", flag="restricted", column="case_id", setting="named"
            ),
        ]

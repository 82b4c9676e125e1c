"""Lists that somebody wants to see again."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from staff.policies import RowScope
from staff.scope import ScopedManager


class SavedView(models.Model):
    """A named list: the query string of its filters, order and columns. A shared one serves everybody of its region's office."""

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    user = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=600, blank=True)
    shared = models.BooleanField(_("for everybody in my area"), default=False)
    created_at = models.DateTimeField()

    objects = ScopedManager["SavedView"]()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("saved list")
        constraints = [
            RowScope(
                name="cases_savedview_scope",
                numbers=[("user_id", "user")],
                when=[("shared", "cases")],
                readers_write=True,
            ),
            models.UniqueConstraint(
                fields=["user", "name"],
                name="saved_view_name_once",
                violation_error_message=_("You have saved a list under this name already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

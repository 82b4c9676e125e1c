"""Paper days: sheets printed for the children of a place, and the filled stack that is typed in afterwards."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from staff.policies import RowScope
from staff.scope import ScopedManager


class VisitStack(models.Model):
    """Sheets of one question set for one day. ``children`` are ids in the order of the sheets: the nth has number n.

    What has been typed in are the visits that name the stack, so a stack broken off in the middle goes on where it was.
    ``slip`` says what the last sheet changed on its child, so that it can be taken back.
    """

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    form_code = models.CharField(_("form"), max_length=40)
    form_version = models.PositiveSmallIntegerField()
    day = models.DateField(_("day of the visits"))
    children = models.JSONField(default=list)
    conducted_by = models.ForeignKey(
        "staff.User", models.PROTECT, related_name="+", verbose_name=_("visited by")
    )
    opened_by = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(_("opened"))
    printed_at = models.DateTimeField(_("printed"), null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    slip = models.JSONField(default=dict)

    objects = ScopedManager["VisitStack"]()
    follows_region = True

    class Meta:
        ordering = ["-day", "-pk"]
        verbose_name = _("stack of sheets")
        verbose_name_plural = _("stacks of sheets")
        constraints = [RowScope(name="cases_visitstack_scope", lenses=["cases"])]

    def __str__(self) -> str:
        return f"{self.pk}"

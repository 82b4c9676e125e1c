"""Question sets of a county (走访表): data, versioned, never changed once published; and what is written of the next one."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from staff.policies import RowScope
from staff.scope import ScopedManager


class QuestionSet(models.Model):
    """One published version of a county's question set; the packaged ones are files in ``cases/questions/sets``.

    ``code`` starts with the county's division code, so that no packaged set has it. ``definition`` is checked by
    :mod:`cases.questions.definition`. A version is in force from ``valid_from`` on, until a later one of its code.
    """

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    code = models.CharField(_("code"), max_length=40)
    version = models.PositiveSmallIntegerField(_("version"))
    definition = models.JSONField()
    withdrawn = models.BooleanField(_("no longer used"), default=False)
    valid_from = models.DateField(_("in force from"))
    document = models.CharField(_("document"), max_length=120, blank=True)
    published_by = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    published_at = models.DateTimeField(db_default=Now())

    objects = models.Manager["QuestionSet"]()  # a village uses the sets of its county: readable by everyone

    class Meta:
        ordering = ["region_id", "code", "-version"]
        verbose_name = _("question set")
        verbose_name_plural = _("question sets")
        constraints = [
            RowScope(name="cases_questionset_scope", everyone=True, append_only=True, write_lenses=["cases"]),
            models.UniqueConstraint(fields=["code", "version"], name="questionset_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"


class QuestionSetDraft(models.Model):
    """What is written of a county's next version of a set, begun from one version; it goes when that is published.

    ``tree`` is a definition as far as it has come: nothing reads it but the page that changes it. ``revision`` counts the
    keepings, so that nobody writes over what they have not seen.
    """

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    code = models.CharField(_("begun from"), max_length=40)
    version = models.PositiveSmallIntegerField(_("version"))
    tree = models.JSONField()
    revision = models.PositiveIntegerField(default=1)
    written_by = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    objects = ScopedManager["QuestionSetDraft"]()

    class Meta:
        ordering = ["region_id", "code", "version"]
        verbose_name = _("draft of a question set")
        verbose_name_plural = _("drafts of question sets")
        constraints = [
            RowScope(name="cases_questionsetdraft_scope", lenses=["cases"]),
            models.UniqueConstraint(fields=["region", "code", "version"], name="questionsetdraft_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"

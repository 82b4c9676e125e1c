"""Providers, and referrals to them: another department or organisation is asked to act, the case stays ours."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from referrals.workflows import REFERRAL, ReferralState
from staff.audit import tracked
from staff.policies import RestrictedRows, RowScope
from staff.scope import ScopedManager

PARTIES = (("child_id", "shared"),)


class Provider(models.Model):
    """服务提供方: a department or social organisation. Its people hold a post with the role *provider*. Public within the system."""

    class Kind(models.TextChoices):
        DEPARTMENT = "department", _("government department")
        ORGANISATION = "organisation", _("social organisation")
        INSTITUTION = "institution", _("welfare institution")

    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    services = models.CharField(_("what it offers"), max_length=200, blank=True)
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    post = models.OneToOneField(
        "staff.Post", models.PROTECT, related_name="+", verbose_name=_("post of its account holders")
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("provider")
        verbose_name_plural = _("providers")

    def __str__(self) -> str:
        return self.name


@tracked("cases", ids=PARTIES, named="case_id")
class Referral(models.Model):
    """转介. The provider sees this row through its post, and of the child only the limited view, while the referral is open."""

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="referrals")
    child = models.ForeignKey("cases.Child", models.PROTECT, related_name="referrals")
    # As the case: then its named people and the provider see the referral, nobody else.
    restricted = models.BooleanField(default=False, editable=False)
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    provider = models.ForeignKey(
        Provider, models.PROTECT, related_name="referrals", verbose_name=_("provider")
    )
    provider_post = models.ForeignKey("staff.Post", models.PROTECT, related_name="+", editable=False)
    need = models.CharField(_("what is needed"), max_length=120)
    summary = models.TextField(
        _("what the provider needs to know"),
        help_text=_("The provider sees this text. Leave out what it does not need."),
    )
    due_date = models.DateField(_("answer by"), null=True, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=ReferralState.choices, default=ReferralState.PENDING
    )
    sent_by = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(_("sent"))
    answered_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(_("answered"), null=True)
    done_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(_("done"), null=True)
    feedback = models.TextField(_("feedback"), blank=True)

    objects = ScopedManager["Referral"]()
    workflow = REFERRAL

    class Meta:
        ordering = ["-sent_at", "-pk"]
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        indexes = [models.Index(fields=["child"]), models.Index(fields=["provider_post", "state"])]
        constraints = [
            RowScope(
                name="referrals_referral_scope",
                lenses=["cases"],
                ids=PARTIES,
                numbers=[("provider_post_id", "post")],
            ),
            RestrictedRows(
                name="referrals_referral_named",
                flag="restricted",
                column="case_id",
                setting="named",
                besides=[("provider_post_id", "post")],
            ),
            models.UniqueConstraint(
                fields=["case", "provider"],
                condition=Q(state__in=["pending", "accepted"]),
                name="referral_open_once",
                violation_error_message=_("This case is already referred to this provider."),
            ),
            models.CheckConstraint(
                name="referral_done_has_feedback",
                condition=~Q(state="done") | (Q(done_at__isnull=False) & ~Q(feedback="")),
                violation_error_message=_("Reporting a referral as done needs feedback."),
            ),
        ]

    def __str__(self) -> str:
        return self.need

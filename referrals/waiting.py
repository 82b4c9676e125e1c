"""Referrals in the queues of the desk: what a provider declined, so that the case needs somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.casework.services import change_case
from cases.desk.sources import Done, Incomplete, Panel, Reader, Sent, WorkSource, act, after, bound, register
from referrals.forms import ReferralForm
from referrals.models import Referral
from referrals.services import send_referral
from referrals.workflows import ReferralState
from staff.enums import Role
from staff.models.region import county_of
from staff.templatetags.look import moment

CODE = "referrals"


def waiting(reader: Reader) -> QuerySet[Referral]:
    """Declined, the case still open, and nobody else asked since. Of a restricted case only for who is named on it."""
    later = Referral.objects.filter(case=OuterRef("case"), sent_at__gt=OuterRef("answered_at"))
    found = Referral.objects.filter(state=ReferralState.DECLINED, case__state__in=("open", "planned"))
    return found.filter(~Exists(later), case__at_county=reader.at_county)


def line(about: Mapping[str, Any]) -> str:
    return _("%(provider)s declined: %(need)s") % about


def _referral(pk: int) -> Referral:
    found = Referral.objects.select_related("provider", "case", "child", "answered_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _form(found: Referral, sent: Sent | None) -> ReferralForm:
    kept = {"need": found.need, "summary": found.summary}
    return ReferralForm(
        county=county_of(found.region_id), initial=kept, auto_id="refer_%s", **bound(sent, "refer")
    )


def panel(pk: int, reader: Reader, sent: Sent | None) -> Panel:
    found = _referral(pk)
    facts = [
        {"label": _("Provider"), "value": found.provider},
        {"label": _("What is needed"), "value": found.need},
        {"label": _("Sent"), "value": moment(found.sent_at), "number": True},
        {"label": _("Declined"), "value": f"{moment(found.answered_at)} {found.answered_by or ''}"},
        {"label": _("Case"), "value": found.case.title, "url": reverse("cases:case", args=[found.case_id])},
    ]
    acts: list[dict[str, Any]] = []
    if found.case.state in ("open", "planned"):
        refer = {
            "name": "refer",
            "label": _("Ask another provider"),
            "icon": "send",
            "fields": _form(found, sent),
        }
        acts.append(act(refer, "A"))
        if reader.actor.role == Role.SUPERVISOR:
            up = {
                "name": "escalate",
                "label": _("Escalate to the county"),
                "icon": "arrow-up-right",
                "needs_text": True,
            }
            acts.append(act(up, "E"))
    return Panel(
        about=found,
        heading=f"{found.child.name} · {found.provider}",
        blocks=[{"facts": facts}, {"title": _("Why it was declined"), "quote": found.feedback or "—"}],
        acts=acts,
        url=reverse("referrals:referral", args=[pk]),
        link=_("The referral"),
        status=(found.state, found.get_state_display()),
    )


def decide(pk: int, sent: Sent, reader: Reader) -> Done:
    """Ask another provider, or hand the case up to the county."""
    found = _referral(pk)
    if sent.action == "escalate":
        change_case(
            actor=reader.actor, at=reader.at, case=found.case, name="escalate", reason=sent.text("reason")
        )
        return Done(_("The case of %(child)s is with the county.") % {"child": found.child})
    form = _form(found, sent)
    if sent.action != "refer" or not form.is_valid():
        raise Incomplete
    made = send_referral(actor=reader.actor, at=reader.at, case=found.case, **form.cleaned_data)
    return Done(_("Sent to %(provider)s.") % {"provider": made.provider})


RETURNED = register(
    WorkSource(
        code=CODE,
        label=gettext_lazy("Referrals declined"),
        icon="heart-handshake",
        roles=frozenset({Role.SUPERVISOR, Role.CLERK, Role.APPROVER}),
        waiting=waiting,
        promised=lambda reader: after(Coalesce("answered_at", "sent_at"), reader.days(CODE)),
        line=line,
        panel=panel,
        decide=decide,
        level="case__level",
        person="sent_by_id",
        about={"provider": "provider__name", "need": "need"},
    )
)

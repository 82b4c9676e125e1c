"""Applications in the queues of the desk: the township verifies, the county checks and confirms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import DateTimeField, QuerySet
from django.db.models.functions import Coalesce
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.desk.sources import (
    Done,
    Incomplete,
    Panel,
    Reader,
    Sent,
    WorkSource,
    act,
    after,
    bound,
    end_of,
    register,
)
from staff.enums import Role
from subsidies.applications import evidence, file, services
from subsidies.applications.clocks import with_due
from subsidies.applications.forms import CheckForm
from subsidies.applications.pages import TURN
from subsidies.entitlements.departed import of_one_child
from subsidies.enums import ApplicationState, SchemeCode
from subsidies.models import Application

CODE = "applications"
# Main steps lead on with A; what is sent back is R wherever it is.
KEYS = {
    "accept": "A", "verify": "A", "check": "A", "confirm": "A", "ask_supplement": "R", "return": "R", "refuse": "X",
    "withdraw": "W", "tell": "T",
}  # fmt: skip
CHECK = "add_check"


def waiting(reader: Reader) -> QuerySet[Application]:
    """Applications whose next step is the reader's, of children whose file is in scope; not what they applied for."""
    found = Application.objects.filter(state__in=TURN[Role(reader.actor.role)])
    return with_due(found).exclude(applied_by_id=reader.actor.user_id)


def line(about: Mapping[str, Any]) -> str:
    return f"{SchemeCode(about['scheme']).label} · {ApplicationState(about['state']).label}"


def _application(pk: int) -> Application:
    related = ("scheme", "region__parent", "applied_by", "verified_by", "checked_by", "decided_by")
    found = of_one_child(Application.objects.filter(pk=pk).select_related(*related))
    if not found:
        raise Http404
    return found[0]


def panel(pk: int, reader: Reader, sent: Sent | None) -> Panel:
    """What is applied for and on what grounds, what is missing, what the table says; the step of the reader's post."""
    found = _application(pk)
    values = file.values(found, reader.actor, {})
    acts = [_entry(one, sent) for one in values["actions"]]
    if values["check_form"] is not None:
        form = CheckForm(initial={"date": reader.today}, auto_id="check_%s", **bound(sent, CHECK))
        entry = {"name": CHECK, "label": _("Record a check"), "icon": "plus", "fields": form}
        # Without a check on record nothing else leads on.
        acts.insert(0 if not values["checks"] else len(acts), act(entry, "C", primary=not values["checks"]))
    checks = [
        f"{one.get_method_display()} · {one.get_result_display()} · {one.note} ({one.user})"
        for one in values["checks"]
    ]
    missing = [str(item.asked.name) for item in values["missing"]]
    answer = values["decision"]
    return Panel(
        about=found,
        heading=f"{found.child.name} · {found.scheme}",
        blocks=[
            {"facts": values["facts"]},
            {"title": _("Grounds for the application"), "quote": found.statement},
            {"title": _("Documents still missing"), "lines": missing} if missing else {},
            {"title": _("How it was verified"), "lines": checks} if checks else {},
            {"strip": f"{_('Eligibility table')}: {answer['answer']} · {answer['row']}"} if answer else {},
        ],
        acts=acts,
        url=reverse("subsidies:application", args=[pk]),
        link=_("The whole application"),
        status=(values["chip"]["state"], values["chip"]["word"]),
    )


def _entry(one: Any, sent: Sent | None) -> dict[str, Any]:
    name = one["name"] if isinstance(one, dict) else one.name
    entry = act(one, KEYS.get(name, ""))
    form = entry.get("fields")
    if form is not None and sent is not None and sent.action == name:
        form.data, form.files, form.is_bound = sent.data, sent.files, True
    return entry


def decide(pk: int, sent: Sent, reader: Reader) -> Done:
    """The step that was pressed, by the same service as on the application's page; or a check put on record."""
    found = _application(pk)
    if sent.action == CHECK:
        form = CheckForm(**bound(sent, CHECK))
        if not form.is_valid():
            raise Incomplete
        evidence.add_check(actor=reader.actor, at=reader.at, application=found, **form.cleaned_data)
        return Done(_("The check is on record."), stays=True)
    more: dict[str, Any] = {}
    if sent.action == "ask_supplement":
        more["items"] = sent.data.getlist("items") if hasattr(sent.data, "getlist") else []
    elif sent.action == "check":
        more["grade"] = sent.text("grade")
    done = services.act(
        sent.action, actor=reader.actor, at=reader.at, application=found, reason_code=sent.text("reason_code"),
        reason=sent.text("reason"), **more,
    )  # fmt: skip
    stays = done.state in TURN.get(Role(reader.actor.role), ())
    return Done(f"{found.child.name} · {done.get_state_display()}", stays=stays)


APPLICATIONS = register(
    WorkSource(
        code=CODE,
        label=gettext_lazy("Applications"),
        icon="file-check",
        roles=frozenset({Role.SUPERVISOR, Role.CLERK, Role.APPROVER}),
        waiting=waiting,
        # Until it is taken up no clock of the regulation runs; it is taken up within days all the same.
        promised=lambda reader: Coalesce(
            end_of("due"), after("applied_at", reader.days(CODE)), output_field=DateTimeField()
        ),
        line=line,
        panel=panel,
        decide=decide,
        level="child__risk",
        person="applied_by_id",
        about={"scheme": "scheme__code", "state": "state"},
    )
)

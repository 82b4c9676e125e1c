"""临时救助: asked for, decided by another person, given; a family registered elsewhere goes the routes that take it (O-25)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import identity
from cases.circumstances.enums import HelpArea, HelpForm
from cases.help import services as helping
from cases.help.services import HelpData
from cases.models import Child
from staff.scope import current
from staff.workflow import Actor, perform
from subsidies.aid.enums import ReliefRoute, ReliefState
from subsidies.aid.refusals import AidRefused, check_duty, record
from subsidies.aid.workflows import ASKERS
from subsidies.models import TemporaryRelief

# Who takes a family whose registration is elsewhere: this county's own relief may refuse it (rules.md 3).
NON_LOCAL = (ReliefRoute.STREET_GOODS, ReliefRoute.CITY_CENTRE, ReliefRoute.HOME_COUNTY)
LOCAL = (ReliefRoute.COUNTY, ReliefRoute.STREET_GOODS, ReliefRoute.CITY_CENTRE)


@dataclass(frozen=True)
class ReliefData:
    """What is asked for whom. ``amount``: yuan, or the value of goods."""

    child_name: str
    situation: str
    route: str
    form: str
    identity_number: str = ""
    people: int = 1
    registered_elsewhere: bool = False
    registered_place: str = ""
    what: str = ""
    amount: Decimal | None = None


def ask(*, actor: Actor, at: dt.datetime, data: ReliefData, child: Child | None = None) -> TemporaryRelief:
    """Ask for relief, for a child of the register or for a family nobody has a file of. AidRefused says what is wrong."""
    check_duty(actor, ASKERS)
    route, form = ReliefRoute(data.route), HelpForm(data.form)
    if not data.situation.strip():
        raise AidRefused(_("Write what the family lacks."))
    if data.registered_elsewhere and not data.registered_place.strip():
        raise AidRefused(_("Write where the family is registered."))
    if data.registered_elsewhere and route not in NON_LOCAL:
        raise AidRefused(
            _(
                "This county's relief is for families registered here. Choose goods of the township, the city's "
                "protection centre, or pass it on to the county of registration."
            )
        )
    if not data.registered_elsewhere and route not in LOCAL:
        raise AidRefused(_("The family is registered here: it cannot be passed on to another county."))
    if form == HelpForm.MONEY and not data.amount:
        raise AidRefused(_("Write how much money is asked for."))
    number = ""
    if data.identity_number.strip():
        try:
            number = identity.parse(data.identity_number).number
        except identity.IdentityError as error:
            raise AidRefused(str(error)) from error
    with transaction.atomic():
        relief = TemporaryRelief.objects.create(
            region_id=child.region_id if child else current().ranges[0][0],
            child=child,
            child_name=child.name if child else data.child_name.strip(),
            identity_number=number,
            people=data.people,
            registered_elsewhere=data.registered_elsewhere,
            registered_place=data.registered_place.strip() if data.registered_elsewhere else "",
            situation=data.situation.strip(),
            route=route,
            form=form,
            what=data.what.strip(),
            amount=data.amount,
            asked_by_id=actor.user_id,
            asked_at=at,
        )
        record([relief], "ask", "", ReliefState.ASKED, actor=actor, at=at)
    return relief


def grant(*, actor: Actor, at: dt.datetime, relief: TemporaryRelief, reason: str = "") -> TemporaryRelief:
    """Another person than the asker grants it."""
    fields = {"reason": reason.strip()[:200]}
    done: TemporaryRelief = perform(relief, "grant", at=at, actor=actor, reason=reason, fields=fields)
    return done


def refuse(*, actor: Actor, at: dt.datetime, relief: TemporaryRelief, reason: str) -> TemporaryRelief:
    """Refused, with the reason in words."""
    fields = {"reason": reason.strip()[:200]}
    done: TemporaryRelief = perform(relief, "refuse", at=at, actor=actor, reason=reason, fields=fields)
    return done


def give(*, actor: Actor, at: dt.datetime, relief: TemporaryRelief, day: dt.date) -> TemporaryRelief:
    """It reached the family. For a child of the register it also stands in the ledger of help: once, with the same step."""
    if day > timezone.localdate(at):
        raise AidRefused(_("This day is still to come."))
    with transaction.atomic():
        done: TemporaryRelief = perform(relief, "give", at=at, actor=actor, fields={"given_date": day})
        if done.decided_at and day < timezone.localdate(done.decided_at):
            raise AidRefused(_("It was granted later than that day."))
        if done.child_id is not None and done.route != ReliefRoute.HOME_COUNTY:
            line = HelpData(
                area=HelpArea.UPBRINGING,
                form=done.form,
                giver=str(done.get_route_display())[:80],
                what=(done.what or str(TemporaryRelief._meta.verbose_name))[:200],
                date=day,
                amount=done.amount or None,
            )
            helping.add_help(Child.objects.get(pk=done.child_id), line, at=at, actor=actor)
    return done


def listed(show: str = "") -> QuerySet[TemporaryRelief]:
    """Relief of one state, or of families registered elsewhere (``elsewhere``), latest first, by key."""
    found = TemporaryRelief.objects.order_by("-pk")
    if show == "elsewhere":
        return found.filter(registered_elsewhere=True)
    return found.filter(state=show) if show in ReliefState.values else found


def counts(year: int) -> dict[str, int]:
    """Of a year: families by state, and those registered elsewhere. One query."""
    found = TemporaryRelief.objects.filter(asked_at__year=year).order_by()
    return found.aggregate(
        all=Count("pk"),
        elsewhere=Count("pk", filter=Q(registered_elsewhere=True)),
        **{state: Count("pk", filter=Q(state=state)) for state in ReliefState.values},
    )

"""The county's choice of a category scheme, dated and logged."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from cases.categories.schemes import PARAMETER, Scheme, packaged, scheme_from
from cases.refusals import RegisterRefused, check_duty
from staff.audit import log_access
from staff.enums import Role
from staff.models import AccessLog, Parameter
from staff.models.region import county_of
from staff.scope import current
from staff.workflow import Actor

CHOOSERS = frozenset({Role.CLERK})


def choices_of(region_id: int) -> list[Scheme]:
    """The packaged schemes and those of its own that the county ever chose. One query; SchemeError as scheme_from."""
    found = dict(packaged())
    for row in choices_made(region_id):
        if not isinstance(row.value, str):
            own = scheme_from(row.value)
            found[own.code] = own
    return list(found.values())


def choices_made(region_id: int) -> list[Parameter]:
    """What the county chose, earliest first."""
    rows = Parameter.objects.filter(region_id=county_of(region_id), key=PARAMETER)
    return list(rows.order_by("valid_from", "pk"))


def choose_scheme(
    region_id: int, code: str, *, day: dt.date, source: str, at: dt.datetime, actor: Actor | None = None
) -> Parameter:
    """Count by another scheme from a day on, until the next choice. RegisterRefused when it is not in force then,
    or the county is not the actor's.

    A choice for the same day replaces the former; totals of days before stay as they were.
    """
    check_duty(actor or Actor.current(), CHOOSERS)
    county = county_of(region_id)
    if not current().covers(county):
        raise RegisterRefused(_("This county is not yours."))
    scheme = next((scheme for scheme in choices_of(county) if scheme.code == code), None)
    if scheme is None:
        raise RegisterRefused(_("There is no such scheme. Choose one of the list."))
    if not scheme.in_force(day):
        raise RegisterRefused(_("This scheme is not in force on that day. Choose another day."))
    if not source.strip():
        raise RegisterRefused(_("Write the document that sets the scheme."))
    own = (row.value for row in choices_made(county) if not isinstance(row.value, str))
    value = next((found for found in own if found.get("code") == code), code)
    with transaction.atomic():
        row, _made = Parameter.objects.update_or_create(
            region_id=county,
            key=PARAMETER,
            valid_from=day,
            defaults={"value": value, "valid_to": None, "source": source.strip()[:120]},
        )
        log_access(
            kind=AccessLog.Kind.SETTING,
            region_id=county,
            subject="staff.parameter",
            subject_id=row.pk,
            reason=source.strip(),
            detail={"key": PARAMETER, "scheme": code, "from": day.isoformat(), "at": at.isoformat()},
        )
    return row

"""The last month that is paid when a right ends, by the terms of its scheme (rules.md 2.4)."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from cases.ages import add_months
from cases.models import Child
from subsidies.entitlements import chains
from subsidies.enums import EndReason
from subsidies.models import Entitlement
from subsidies.reckoning.months import last_month, last_month_of_end, month_of
from subsidies.terms.in_force import terms_of


def last_month_of(entitlement: Entitlement, child: Child, reason: str, day: dt.date) -> tuple[dt.date, str]:
    """(last month paid, the rule in words) when the right ends for an EndReason by something that happened on ``day``.

    Age: by the scheme's rule of the 18th birthday, or by what extended it. Entered in error: no month was ever due.
    Everything else: by the rule for the month of the event, and the months of grace for reasons that have them; never
    later than age allows.
    """
    if reason == EndReason.ENTERED_IN_ERROR:
        return add_months(chains.first_month(entitlement), -1), _("Entered in error: no month was due.")
    terms = terms_of(entitlement.scheme, entitlement.region_id, day)
    by_age = entitlement.end_month or last_month(child.birth_date, terms.last_month_rule)
    if entitlement.end_month is None and child.enrolled_until:
        # Taken over from an earlier system, still at school.
        by_age = max(by_age, month_of(child.enrolled_until))
    if reason == EndReason.TURNED_18:
        return by_age, str(terms.last_month_rule.label)
    month, grace = last_month_of_end(terms, reason, day), terms.grace_of(reason)
    if by_age < month and by_age >= month_of(entitlement.start_month):
        return by_age, str(terms.last_month_rule.label)
    text = str(terms.stop_of(reason).label)
    if grace:
        text = _("%(rule)s, and %(count)d months of grace") % {"rule": text, "count": grace}
    return month, text

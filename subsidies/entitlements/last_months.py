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
from subsidies.reviews.school_proofs import last_month_by, latest
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
    # Of an allowance that follows another one the age and schooling of that one decide.
    deciding = terms_of(terms.follows.value, entitlement.region_id, day) if terms.follows else terms
    by_age = entitlement.end_month or last_month(
        child.birth_date, deciding.last_month_rule, deciding.age_most
    )
    if entitlement.end_month is None and deciding.extension_stages and not deciding.school_proof:
        # Taken over from an earlier system, still at school as far as that is proved.
        proof = latest(child, deciding.extension_stages)
        by_age = max(by_age, last_month_by(proof)) if proof else by_age
    if reason == EndReason.TURNED_18:
        return by_age, str(terms.last_month_rule.label)
    month, grace = last_month_of_end(terms, reason, day), terms.grace_of(reason)
    if by_age < month and by_age >= month_of(entitlement.start_month):
        return by_age, str(terms.last_month_rule.label)
    text = str(terms.stop_of(reason).label)
    if grace:
        text = _("%(rule)s, and %(count)d months of grace") % {"rule": text, "count": grace}
    return month, text

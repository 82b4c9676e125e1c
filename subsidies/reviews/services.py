"""Re-checks of entitlements by cycle (复核): opened, reckoned and confirmed many at once.

Every scheme says in its terms how often. A re-check is "unchanged" where what decides the right is the same as in the
last one that was done (:mod:`subsidies.reviews.facts`); those are confirmed together after a preview, all others are
looked at one by one. Whoever confirms sees it reckoned again at that moment.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from staff import parameters
from staff.calendar import add_working_days
from staff.enums import Role
from staff.holidays import overrides
from staff.models.region import county_of
from staff.scope import system_scope
from staff.workflow import Actor, TransitionRefused
from subsidies.enums import EntitlementState
from subsidies.ledger.enums import ReviewKind, ReviewOutcome
from subsidies.models import Entitlement, EntitlementReview, Scheme
from subsidies.reckoning.months import month_of
from subsidies.reviews.cycles import cycle_end, cycle_of, term_of
from subsidies.reviews.facts import CHANGES, FACTS, NO_PROOF
from subsidies.terms.enums import Recheck
from subsidies.terms.in_force import Rulebook

MAY_REVIEW = frozenset({Role.SUPERVISOR, Role.CLERK})
DONE = (ReviewOutcome.UNCHANGED, ReviewOutcome.CHANGED)
AT_ONCE = 500  # confirmed together
DAY = dt.timedelta(days=1)


class ReviewRefused(TransitionRefused):
    """The re-check cannot be recorded; the message says why and what to do."""


@dataclass(frozen=True)
class Opened:
    """How many re-checks and proofs of schooling a county has been asked for anew."""

    rechecks: int = 0
    proofs: int = 0


# --- Opening a cycle -----------------------------------------------------------------------------------------

# The decision that gave the right within the cycle is this cycle's check.
_OPEN = """
    INSERT INTO subsidies_entitlementreview
        (entitlement_id, child_id, region_code, kind, cycle, due_date, outcome, facts, changes, note, done_by_id, done_at)
    SELECT e.id, e.child_id, e.region_code, %(kind)s, %(cycle)s, %(due)s,
           CASE WHEN fresh THEN 'unchanged' ELSE '' END, '{}', %(changes)s::jsonb, '',
           CASE WHEN fresh THEN e.confirmed_by_id END, CASE WHEN fresh THEN e.confirmed_at END
    FROM (SELECT *, %(kind)s = 'recheck' AND confirmed_by_id IS NOT NULL AND confirmed_at >= %(from)s AS fresh
          FROM subsidies_entitlement) e
    JOIN cases_child c ON c.id = e.child_id
    WHERE e.region_code BETWEEN %(low)s AND %(high)s AND e.scheme_id = %(scheme)s AND e.state <> 'ended'
      AND e.start_month <= %(until)s AND (e.end_month IS NULL OR e.end_month >= %(month)s)
      AND (%(kind)s = 'recheck' OR ((%(every)s OR c.birth_date + interval '18 years' <= %(today)s)
           AND NOT EXISTS (SELECT FROM subsidies_schoolproof p WHERE p.child_id = e.child_id AND p.full_time
                           AND p.school_year = %(year)s AND p.term = %(term)s)))
    ORDER BY e.id
    ON CONFLICT (entitlement_id, kind, cycle) DO NOTHING
"""


def open_cycles(region_id: int, *, at: dt.datetime) -> Opened:
    """Ask for the re-checks of the present cycles in a county, and for this term's proofs of schooling.

    Run again it adds only what is new, and reckons the open ones again. A statement each for scheme and kind.
    """
    today, county = timezone.localdate(at), county_of(region_id)
    working_days = parameters.value(county, "recheck_working_days", today)
    book, calendar, rechecks, proofs = Rulebook.load(county), overrides(), 0, 0
    with transaction.atomic():
        for scheme in Scheme.objects.filter(is_active=True).order_by("pk"):
            terms = book.terms(scheme.code, today)
            common = {"scheme": scheme.pk, "low": county, "high": county + 999_999, "today": today}
            cycle = cycle_of(terms.recheck, today)
            if cycle is not None:
                due = add_working_days(cycle - DAY, working_days, calendar)
                until = cycle_end(terms.recheck, cycle)
                rechecks += _open(common, ReviewKind.RECHECK, cycle, due, until, changes="[]", every=True)
            term = term_of(today)
            due = add_working_days(term.start - DAY, working_days, calendar)
            proofs += _open(
                common, ReviewKind.SCHOOL, term.start, due, term.end, changes=f'["{NO_PROOF}"]',
                every=terms.school_proof, year=term.school_year, term=term.number,
            )  # fmt: skip
        reckon(region_id=county, at=at)
    return Opened(rechecks, proofs)


def _open(
    common: dict[str, Any], kind: str, cycle: dt.date, due: dt.date, until: dt.date, **values: Any
) -> int:
    given = {"year": 0, "term": 0} | common | values
    given |= {"kind": kind, "cycle": cycle, "due": due, "until": until, "month": month_of(common["today"])}
    given["from"] = timezone.make_aware(dt.datetime.combine(cycle, dt.time()))
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, given)
        return cursor.rowcount


def open_everywhere(*, at: dt.datetime) -> dict[int, Opened]:
    """Open the cycles in every county that pays somebody; county → what was opened."""
    with system_scope(reason="open the re-checks of this cycle", log=False):
        codes = Entitlement.objects.exclude(state=EntitlementState.ENDED).values_list("region_id", flat=True)
        counties = sorted({county_of(code) for code in codes.distinct().order_by()})
    done: dict[int, Opened] = {}
    for county in counties:
        ranges = [(county, county + 999_999)]
        with system_scope(reason="open the re-checks of this cycle", ranges=ranges, log=False):
            done[county] = open_cycles(county, at=at)
    return done


# --- Reckoning what has changed --------------------------------------------------------------------------------

_WANTED = """
    wanted AS (
        SELECT r.id AS key, r.entitlement_id, r.outcome, r.cycle, last.until FROM subsidies_entitlementreview r
        JOIN subsidies_entitlement e ON e.id = r.entitlement_id
        JOIN unnest(%(schemes)s::bigint[], %(ends)s::date[], %(cycles)s::date[]) AS last (scheme_id, until, cycle)
          ON last.scheme_id = e.scheme_id AND last.cycle = r.cycle
        WHERE r.kind = 'recheck' AND (r.outcome = '' OR r.facts = '{}')
          AND r.region_code BETWEEN %(low)s AND %(high)s AND (%(ids)s::bigint[] IS NULL OR r.id = ANY (%(ids)s))
    )
"""
_RECKON = f"""
    WITH {_WANTED}, found AS ({FACTS}), reckoned AS (
        SELECT w.key, found.facts, CASE WHEN w.outcome = '' THEN {CHANGES} ELSE '[]' END AS changes
        FROM wanted w JOIN found ON found.key = w.key
        LEFT JOIN LATERAL (
            SELECT p.facts FROM subsidies_entitlementreview p
            WHERE p.entitlement_id = w.entitlement_id AND p.kind = 'recheck' AND p.outcome IN ('unchanged', 'changed')
              AND p.cycle < w.cycle
            ORDER BY p.cycle DESC LIMIT 1
        ) former ON true
    )
    UPDATE subsidies_entitlementreview r SET facts = reckoned.facts, changes = reckoned.changes
    FROM reckoned WHERE r.id = reckoned.key
      AND (r.facts, r.changes) IS DISTINCT FROM (reckoned.facts, reckoned.changes)
"""  # noqa: S608  (our own text)


def reckon(*, region_id: int, at: dt.datetime, ids: Iterable[int] | None = None) -> int:
    """Reckon what has changed since the last re-check, for all open ones of a county or those of ``ids``.

    Returns how many read differently from before. Four statements, however many there are.
    """
    county, today = county_of(region_id), timezone.localdate(at)
    rows = EntitlementReview.objects.filter(
        kind=ReviewKind.RECHECK, region_id__gte=county, region_id__lte=county + 999_999
    )
    rows = rows.filter(
        Q(pk__in=list(ids)) if ids is not None else Q(outcome=ReviewOutcome.OPEN) | Q(facts={})
    )
    pairs = rows.order_by().values_list("entitlement__scheme_id", "entitlement__scheme__code", "cycle")
    wanted, book = sorted(set(pairs.distinct())), Rulebook.load(county)
    ends: list[tuple[int, dt.date, dt.date]] = []
    for scheme_id, code, cycle in wanted:
        recheck = book.terms(code, min(cycle, today)).recheck
        # A rule that was changed meanwhile leaves the cycle that had begun.
        until = cycle_end(recheck if recheck != Recheck.NONE else Recheck.MONTHLY, cycle)
        ends.append((scheme_id, until, cycle))
    if not ends:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _RECKON,
            {
                "schemes": [row[0] for row in ends],
                "ends": [row[1] for row in ends],
                "cycles": [row[2] for row in ends],
                "low": county,
                "high": county + 999_999,
                "ids": list(ids) if ids is not None else None,
            },
        )
        return cursor.rowcount


# --- Recording what came out -------------------------------------------------------------------------------------


def confirm_unchanged(
    *, actor: Actor, at: dt.datetime, ids: Iterable[int]
) -> tuple[list[int], list[EntitlementReview]]:
    """Confirm together what has not changed; (ids done, those left because something has changed meanwhile).

    Older open re-checks of the same rights are done with it. At most AT_ONCE. Raises ReviewRefused.
    """
    _check_duty(actor)
    wanted = sorted(set(ids))
    if len(wanted) > AT_ONCE:
        raise ReviewRefused(
            _("At most %(most)d can be confirmed at once. Choose a township.") % {"most": AT_ONCE}
        )
    with transaction.atomic():
        locked = _locked(wanted)
        for county in sorted({county_of(row.region_id) for row in locked}):
            reckon(region_id=county, at=at, ids=[row.pk for row in locked])
        rows = list(
            EntitlementReview.objects.filter(pk__in=[row.pk for row in locked]).select_related("child")
        )
        same = [row for row in rows if row.changes == []]
        _finish(same, ReviewOutcome.UNCHANGED, actor, at, "")
    return [row.pk for row in same], [row for row in rows if row.changes != []]


def decide(
    *, actor: Actor, at: dt.datetime, review: EntitlementReview, outcome: str, note: str
) -> EntitlementReview:
    """Record one re-check: nothing has changed, something has but the right stands, or it could not be checked.

    What has changed needs words, and so does what could not be checked; that one stays the last for nobody: the next
    re-check compares with the one before. Raises ReviewRefused.
    """
    _check_duty(actor)
    note = note.strip()
    if outcome not in (*DONE, ReviewOutcome.MISSING):
        raise ReviewRefused(_("Choose what came out."))
    if outcome != ReviewOutcome.UNCHANGED and not note:
        raise ReviewRefused(_("Write in words what was found."))
    with transaction.atomic():
        locked = _locked([review.pk], kinds=ReviewKind.values)
        if not locked:
            raise ReviewRefused(_("This re-check is done already. Reload the page."))
        if locked[0].kind == ReviewKind.SCHOOL and outcome != ReviewOutcome.MISSING:
            raise ReviewRefused(_("Add the proof of schooling instead."))
        reckon(region_id=locked[0].region_id, at=at, ids=[review.pk])
        found = EntitlementReview.objects.select_related("entitlement").get(pk=review.pk)
        if outcome == ReviewOutcome.UNCHANGED and found.changes:
            raise ReviewRefused(
                _("Something has changed since the last re-check. Look at it and say what was found.")
            )
        _finish([found], outcome, actor, at, note)
    found.refresh_from_db()
    return found


def close_for(
    entitlement_id: int,
    *,
    actor: Actor,
    at: dt.datetime,
    outcome: str = ReviewOutcome.CHANGED,
    note: str = "",
) -> None:
    """A decision about the right itself does its open re-checks too."""
    if actor.user_id:
        rows = EntitlementReview.objects.filter(
            entitlement_id=entitlement_id, kind=ReviewKind.RECHECK, outcome=ReviewOutcome.OPEN
        )
        _finish(list(rows.select_for_update(of=("self",))), outcome, actor, at, note)


def _check_duty(actor: Actor) -> None:
    if actor.role not in MAY_REVIEW:
        raise ReviewRefused(_("Your post does not have this duty."))


def _locked(ids: list[int], kinds: Iterable[str] = (ReviewKind.RECHECK,)) -> list[EntitlementReview]:
    rows = EntitlementReview.objects.filter(pk__in=ids, kind__in=list(kinds), outcome=ReviewOutcome.OPEN)
    return list(rows.select_for_update(of=("self",)).order_by("pk"))


_FINISH = """
    UPDATE subsidies_entitlementreview r
    SET outcome = %(outcome)s, note = %(note)s, done_by_id = %(user)s, done_at = %(at)s
    FROM subsidies_entitlementreview chosen
    WHERE chosen.id = ANY (%(ids)s) AND r.entitlement_id = chosen.entitlement_id AND r.kind = chosen.kind
      AND r.cycle <= chosen.cycle AND r.outcome = ''
"""


def _finish(
    rows: Iterable[EntitlementReview], outcome: str, actor: Actor, at: dt.datetime, note: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _FINISH,
            {
                "outcome": outcome,
                "note": note[:200],
                "user": actor.user_id,
                "at": at,
                "ids": [row.pk for row in rows],
            },
        )

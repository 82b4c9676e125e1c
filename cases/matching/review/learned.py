"""How often each rule was right, from what people decided; and which rules may no longer go without a person.

Counted are the pairs of a county's last two years. A rule's *checked* pairs are certain ones that were drawn at random
and looked at: they tell its precision. Its *overturned* ones were found wrong by chance, on the page or because a
discrepancy turned out to be about another person: they say nothing of how many more there are, but they are wrong
whatever the others are. Its *reviewed* pairs waited for a person; guards send the odd ones there, so they are shown
beside and decide nothing.

A rule stops being automatic when the county can be confident that its precision lies below what it asks for: when the
upper end of the Wilson interval (95 %) of the checked pairs, or of all certain pairs with the overturned ones among
them, lies below the threshold, and at least so many pairs were wrong that no single slip of a clerk decides. The upper
end, not the lower: with few pairs checked the lower end is low for every rule (20 of 20 right: .839), and no rule would
ever be automatic.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.ages import add_months
from cases.matching.engine.settings import Settings
from cases.matching.review.services import SECONDS, ReviewRefused
from cases.models import MatchCandidate, RuleDecision
from staff import parameters
from staff.models import Region
from staff.workflow import Actor

State = MatchCandidate.State
Z: Final = 1.959964  # of a normal distribution: 95 % lie within
MONTHS: Final = 24
PARAMETER: Final = "matching_rule_precision"


@dataclass(frozen=True, slots=True)
class Record:
    """A rule's record in a county. ``word`` is the last decision of a person about the rule, after which is counted."""

    rule: str
    automatic: int = 0
    checked: int = 0
    checked_wrong: int = 0
    overturned: int = 0
    reviewed: int = 0
    reviewed_wrong: int = 0
    word: RuleDecision | None = None

    @property
    def wrong(self) -> int:
        """Certain pairs known to be wrong."""
        return self.checked_wrong + self.overturned

    @property
    def reviewed_right(self) -> int:
        return self.reviewed - self.reviewed_wrong

    @property
    def of_checked(self) -> tuple[float, float] | None:
        """The Wilson interval of the precision among the checked pairs, None without one."""
        return wilson(self.checked - self.checked_wrong, self.checked) if self.checked else None

    @property
    def of_all(self) -> tuple[float, float] | None:
        """The same among all certain pairs, as if every pair nobody looked at were right."""
        return wilson(self.automatic - self.wrong, self.automatic) if self.automatic else None

    @property
    def of_reviewed(self) -> tuple[float, float] | None:
        return wilson(self.reviewed_right, self.reviewed) if self.reviewed else None

    def fails(self, least: float, wrong: int) -> bool:
        """Whether precision is below ``least`` with confidence, on at least ``wrong`` wrong pairs."""
        known = [interval for interval in (self.of_checked, self.of_all) if interval is not None]
        return self.wrong >= wrong and any(high < least for _low, high in known)


def wilson(right: int, number: int) -> tuple[float, float]:
    """The 95 % interval of a share by Wilson (1927). Raises ValueError unless 0 ≤ right ≤ number and number > 0."""
    if not 0 <= right <= number or number == 0:
        raise ValueError(f"{right} of {number}")
    share, square = right / number, Z * Z
    middle = share + square / (2 * number)
    spread = Z * math.sqrt(share * (1 - share) / number + square / (4 * number * number))
    whole = 1 + square / number
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def records(region: Region, on: dt.date) -> dict[str, Record]:
    """The record of every rule that there is or was in the region, by code. Two queries, and one more for each rule
    about which a person has decided."""
    words = {word.rule: word for word in reversed(_words(region, on))}
    found = {code: Record(code) for code in (rule.code for rule in Settings().rules)}
    for code, counts in _counted(region, on, Q()).items():
        found[code] = Record(code, **counts)
    for code, word in words.items():
        since = Q(decided_at__gt=word.at) | Q(decided_by=None, run__started_at__gt=word.at)
        counts = _counted(region, on, Q(rule=code) & since).get(code, {})
        found[code] = replace(Record(code, **counts), word=word)
    return found


def _words(region: Region, on: dt.date) -> list[RuleDecision]:
    """Decisions about rules up to a day, the latest first."""
    end = timezone.make_aware(dt.datetime.combine(on + dt.timedelta(days=1), dt.time()))
    return list(RuleDecision.objects.filter(region=_county(region), at__lt=end).select_related("user"))


def _county(region: Region) -> int:
    return region.code // 1_000_000 * 1_000_000


def _counted(region: Region, on: dt.date, which: Q) -> dict[str, dict[str, Any]]:
    certain = Q(tier=MatchCandidate.Tier.AUTO, remembered=False)
    person, wrong = Q(decided_by__isnull=False), Q(state=State.REJECTED)
    review = Q(tier=MatchCandidate.Tier.REVIEW) & person
    pairs = MatchCandidate.objects.filter(
        which,
        run__region__gte=region.lo,
        run__region__lte=region.hi,
        run__period__gt=add_months(on.replace(day=1), -MONTHS),
        run__period__lte=on,
    )
    counted = (
        pairs.order_by()
        .values("rule")
        .annotate(
            automatic=Count("pk", filter=certain),
            checked=Count("pk", filter=certain & person & Q(sampled=True)),
            checked_wrong=Count("pk", filter=certain & person & Q(sampled=True) & wrong),
            overturned=Count("pk", filter=certain & person & Q(sampled=False) & wrong),
            reviewed=Count("pk", filter=review),
            reviewed_wrong=Count("pk", filter=review & wrong),
        )
    )
    return {line["rule"]: {name: n for name, n in line.items() if name != "rule"} for line in counted}


def thresholds(region: Region, on: dt.date) -> tuple[float, int]:
    """The precision a county asks of an automatic rule, and how many wrong pairs it takes to end it."""
    value: Mapping[str, Any] = parameters.value(region.code, PARAMETER, on)
    return float(value["least"]), int(value["wrong"])


def demoted(region: Region, on: dt.date) -> set[str]:
    """Codes of the automatic rules whose pairs a person decides in the region on a day: by a person's word, or because
    their record since the last word fails. For the settings of a run, which freezes them."""
    least, wrong = thresholds(region, on)
    automatic = Settings().automatic
    return {
        code
        for code, record in records(region, on).items()
        if code in automatic and is_demoted(record, least, wrong)
    }


def is_demoted(record: Record, least: float, wrong: int) -> bool:
    """By a person's word that it is not automatic, or by what has been found since."""
    return (record.word is not None and not record.word.automatic) or record.fails(least, wrong)


def decide_rule(
    *, rule: str, automatic: bool, reason: str, region: Region, actor: Actor, at: dt.datetime
) -> RuleDecision:
    """A person of the county says whether a rule goes without a person from the next run on, with a reason.

    What was found before counts no longer. Raises ReviewRefused for rules that never are automatic.
    """
    if actor.role not in SECONDS:
        raise ReviewRefused(_("Your post does not have this duty."))
    if rule not in Settings().automatic:
        raise ReviewRefused(_("Pairs of this rule are always decided by a person."))
    if not reason.strip():
        raise ReviewRefused(_("Write the reason in words."))
    return RuleDecision.objects.create(
        region_id=_county(region),
        rule=rule,
        automatic=automatic,
        reason=reason.strip()[:200],
        user_id=actor.user_id,
        at=at,
    )

"""A kept visit whose child went to another county is offered to that county, which places it or declines with words.

Those who keep it do not learn where the file is now, only that a county was asked; they may offer what they know to have
gone to another county. The county that is asked sees the visit while it is asked, and for good once it has placed it. Like
a transfer (:mod:`cases.transfers.services`), the row stays with those who keep it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.db.models import Q
from django.utils.translation import gettext as _

from cases.circumstances.enums import TransferState
from cases.duplicates.merging import standing_file
from cases.models import KeptVisit, Transfer
from cases.visits.refusals import VisitRefused
from staff.models.region import county_of
from staff.region_changes import on_region_change
from staff.scope import current, open_scope, system_scope
from staff.workflow import Actor, perform


@contextmanager
def as_keeper(kept: KeptVisit) -> Iterator[None]:
    """Everything inside reaches also what lies with those who keep the visit: its photos, and its author's post.

    ``kept`` is one that the reader sees.
    """
    place = (kept.region_id, kept.region_id)
    with open_scope(replace(current(), ranges=(*current().ranges, place))):
        yield


def asked_of_reader() -> Q:
    """Of kept visits those that the reader's area is asked to place."""
    asked = Q(pk__in=[])
    for low, high in current().ranges:
        asked |= Q(offered_to__gte=low, offered_to__lte=high)
    return asked


def has_gone_beyond(kept: KeptVisit) -> bool:
    """Whether those who keep the visit handed the file to another county, as far as they know. One query."""
    last = Transfer.objects.filter(child_id=kept.child_number, state=TransferState.ACCEPTED)
    place = last.order_by("-decided_at", "-pk").values_list("to_region_id", flat=True).first()
    return place is not None and county_of(place) != county_of(kept.region_id)


def offer_visit(*, actor: Actor, at: dt.datetime, kept: KeptVisit) -> KeptVisit:
    """Ask the county where the file is now to place the visit. TransitionRefused when it went to none, or is not kept."""
    county = _county_of_file(kept) if has_gone_beyond(kept) else None
    if county is None:
        raise VisitRefused(
            _(
                "No other county has this child's file from here. The county bureau sees what lies in the county."
            )
        )
    done: KeptVisit = perform(
        kept, "offer", at=at, actor=actor, fields={"offered_to_id": county, "words": ""}
    )
    return done


def take_back(*, actor: Actor, at: dt.datetime, kept: KeptVisit) -> KeptVisit:
    """The county is asked no longer, and sees nothing of it."""
    done: KeptVisit = perform(kept, "take_back", at=at, actor=actor, fields={"offered_to_id": None})
    return done


def decline_visit(*, actor: Actor, at: dt.datetime, kept: KeptVisit, words: str) -> KeptVisit:
    """The county that is asked does not place it; ``words`` reach those who keep it, with whom it waits again."""
    with as_keeper(kept):  # the row goes out of the county's sight
        done: KeptVisit = perform(
            kept, "decline", at=at, actor=actor, reason=words,
            fields={"offered_to_id": None, "words": words.strip()[:200]},
        )  # fmt: skip
    return done


def _county_of_file(kept: KeptVisit) -> int | None:
    """Where the child's file is, when that is another county. The people who keep the visit are not told."""
    with system_scope(reason="where the file of a kept visit is", lenses=("cases",), log=False):
        child = standing_file(kept.child_number)
    county = county_of(child.region_id) if child else None
    return None if county == county_of(kept.region_id) else county


@on_region_change
def offers_follow(old: int, new: int, actor: Actor, at: dt.datetime) -> dict[str, int]:
    """What a county was asked, its successor is asked."""
    moved = KeptVisit.objects.filter(offered_to_id=old).update(offered_to_id=new)
    return {"cases.keptvisit": moved} if moved else {}

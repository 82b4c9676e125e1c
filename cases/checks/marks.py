"""Marks on visits that look copied: the facts are gathered here, the rules decide (mark_rules.py), people look.

Whoever hands a visit in sees their own villages; the comparison sees the county. So it runs in a scope of the system that
is as wide as the county, and what it found is shown by the database to those who check visits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils import timezone

from cases.checks import likeness
from cases.checks.mark_rules import Detail, Facts, Home, Made, Settings, in_use, marks_of
from cases.field.enums import MarkCode, VisitSource
from cases.models import Visit, VisitMark, VisitPhoto, VisitTrace
from cases.questions.choice import definition_of
from cases.visits.enums import FACE_TO_FACE, VisitState
from staff import parameters
from staff.scope import system_scope

HANDED_IN = (VisitState.SUBMITTED, VisitState.RETURNED, VisitState.APPROVED, VisitState.ESCALATED)
ON_THE_DESK = (VisitState.SUBMITTED, VisitState.APPROVED, VisitState.ESCALATED)  # a picture of it came later
PAST = dt.timedelta(days=90)  # what "usual" is taken from
DAY = dt.timedelta(days=1)
MOST = 200  # like visits that are compared, and the visitor's own that are read at a time
MADE = (
    "pk", "child_id", "conducted_by_id", "visited_at", "child__household_id", "child__residence_region_id",
    "child__region_id", "child__address",
)  # fmt: skip


def rules_of(region_id: int, on: dt.date) -> dict[MarkCode, Settings]:
    """The rules in use at a place on a day. One query."""
    own = parameters.value(region_id, "visit_marks", on)
    return in_use(parameters.DEFAULTS["visit_marks"][0], own)


def look_at(visit: Visit, *, at: dt.datetime) -> list[VisitMark]:
    """Mark a visit that has just been handed in, and remember what it is found again by. Returns its open marks.

    Handed in again, marks that no longer hold and that nobody has looked at are taken back.
    """
    with _county(visit):
        rules = rules_of(visit.region_id, timezone.localdate(at))
        photos = list(VisitPhoto.objects.filter(visit=visit))
        words = _Words(visit, rules.get(MarkCode.SAME_TEXT))
        _remember(visit, words, photos)
        return _keep(visit, marks_of(_facts(visit, words, photos), rules), set(MarkCode), at)


def look_at_photo(photo: VisitPhoto, *, at: dt.datetime) -> list[VisitMark]:
    """The same for a picture that arrives after its visit was handed in."""
    visit = photo.visit
    with _county(visit):
        rules = rules_of(visit.region_id, timezone.localdate(at))
        photos = list(VisitPhoto.objects.filter(visit=visit))
        VisitTrace.objects.bulk_create(_traces(visit, likeness.picture_keys(*_seen(photo)), photo))
        found: Mapping[MarkCode, Detail] = {}
        if like := _like_pictures(visit, photos):
            wanted: dict[MarkCode, Settings] = {
                code: settings for code, settings in rules.items() if code == MarkCode.SAME_PHOTO
            }
            facts = Facts(made=_made_of(visit), face_to_face=False, like_pictures=like)
            found = marks_of(facts, wanted)
        return _keep(visit, found, {MarkCode.SAME_PHOTO}, at)


def _county(visit: Visit) -> Any:
    low = visit.region_id // 1_000_000 * 1_000_000
    return system_scope(
        reason="compare a visit with others of the county",
        ranges=[(low, low + 999_999)],
        lenses=("cases", "totals"),
        log=False,
    )


# --- Traces ---------------------------------------------------------------------------------------------


class _Words:
    """What a visitor wrote in their own words: without the form's sentences, a county's standard ones, the child's name."""

    def __init__(self, visit: Visit, settings: Settings | None) -> None:
        self.settings = settings
        self.known: tuple[str, ...] = ()
        self.text = ""
        if settings is not None and visit.text:
            self.known = likeness.phrases([*_sentences(definition_of(visit).source), *settings["phrases"]])
            self.text = self.of(visit.text, visit.child.name)
        self.keys = likeness.text_keys(self.text)

    def of(self, text: str, name: str) -> str:
        """The own words of a text; empty when too few to be compared."""
        words = likeness.own_words(text, name, self.known)
        return words if self.settings and len(words) >= self.settings["characters"] else ""


def _sentences(source: Any) -> Iterator[str]:
    """Every text of a question set, in whatever depth."""
    if isinstance(source, str):
        yield source
    elif isinstance(source, Mapping):
        for part in source.values():
            yield from _sentences(part)
    elif isinstance(source, list | tuple):
        for part in source:
            yield from _sentences(part)


def _seen(photo: VisitPhoto) -> tuple[str, int | None]:
    return photo.sha256, photo.fingerprint


def _traces(visit: Visit, keys: Iterable[int], photo: VisitPhoto | None = None) -> list[VisitTrace]:
    return [
        VisitTrace(visit=visit, photo=photo, child_id=visit.child_id, region_id=visit.region_id, key=key)
        for key in keys
    ]


def _remember(visit: Visit, words: _Words, photos: Iterable[VisitPhoto]) -> None:
    VisitTrace.objects.filter(visit=visit).delete()
    rows = _traces(visit, words.keys)
    for photo in photos:
        rows += _traces(visit, likeness.picture_keys(*_seen(photo)), photo)
    VisitTrace.objects.bulk_create(rows)


# --- Facts ----------------------------------------------------------------------------------------------


def _made(row: tuple[Any, ...]) -> Made:
    pk, child, visitor, at, household, residence, region, address = row
    return Made(pk, child, visitor, timezone.localtime(at), Home(household, residence or region, address))


def _made_of(visit: Visit) -> Made:
    return _made(Visit.objects.filter(pk=visit.pk).values_list(*MADE).get())


def _facts(visit: Visit, words: _Words, photos: list[VisitPhoto]) -> Facts:
    own = {made.pk: made for made in _of_visitor(visit)}
    made = own.pop(visit.pk, None) or _made_of(visit)
    return Facts(
        made=made,
        face_to_face=visit.kind in FACE_TO_FACE,
        copied_from_paper=visit.source == VisitSource.PAPER,
        first=visit.reviewed_at is None,
        begun=_local(visit.started_at),
        written=_local(visit.written_at),
        sent=_local(visit.submitted_at),
        near=tuple(other for other in own.values() if abs(other.at - made.at) < DAY),
        usual=_usual(other for other in own.values() if other.at.date() < made.at.date()),
        like_texts=_like_texts(visit, words),
        like_pictures=_like_pictures(visit, photos),
    )


def _local(at: dt.datetime | None) -> dt.datetime | None:
    return timezone.localtime(at) if at else None


def _of_visitor(visit: Visit) -> list[Made]:
    """The visitor's visits face to face of the past months, up to a day after this one, latest first."""
    rows = Visit.objects.filter(
        conducted_by_id=visit.conducted_by_id,
        state__in=HANDED_IN,
        kind__in=FACE_TO_FACE,
        visited_at__gt=visit.visited_at - PAST,
        visited_at__lt=visit.visited_at + DAY,
    )
    return [_made(row) for row in rows.order_by("-visited_at", "-pk").values_list(*MADE)[: 5 * MOST]]


def _usual(past: Iterable[Made]) -> float | None:
    """Homes a day, over the days on which there were any."""
    days: dict[dt.date, set[tuple[object, ...]]] = {}
    for made in past:
        days.setdefault(made.at.date(), set()).add(made.home.key)
    return sum(map(len, days.values())) / len(days) if days else None


def _like_texts(visit: Visit, words: _Words) -> tuple[tuple[Made, float], ...]:
    """Visits that share a key of the words, with how much they are alike."""
    if not words.keys:
        return ()
    near = VisitTrace.objects.filter(key__in=words.keys, photo=None).exclude(visit=visit)
    ids = near.order_by("-visit_id").values_list("visit_id", flat=True).distinct()[:MOST]
    rows = Visit.objects.filter(pk__in=list(ids), state__in=HANDED_IN)
    return tuple(
        (_made(row[2:]), likeness.likeness(words.text, words.of(row[0], row[1])))
        for row in rows.order_by("pk").values_list("text", "child__name", *MADE)
    )


def _like_pictures(visit: Visit, photos: list[VisitPhoto]) -> tuple[tuple[Made, int], ...]:
    """Visits with a picture that shares a key with one of these, with the bits in which the likest two differ."""
    keys = {key for photo in photos for key in likeness.picture_keys(*_seen(photo))}
    if not keys:
        return ()
    near = VisitTrace.objects.filter(key__in=keys, photo__isnull=False).exclude(visit=visit)
    ids = list(near.order_by("-photo_id").values_list("photo_id", flat=True).distinct()[:MOST])
    rows = VisitPhoto.objects.filter(pk__in=ids, visit__state__in=HANDED_IN).order_by("pk")
    apart: dict[Made, int] = {}
    for row in rows.values_list("sha256", "fingerprint", *(f"visit__{name}" for name in MADE)):
        made = _made(row[2:])
        bits = min(_bits_apart(_seen(photo), row[:2]) for photo in photos)
        apart[made] = min(bits, apart.get(made, 64))
    return tuple(apart.items())


def _bits_apart(one: tuple[str, int | None], other: tuple[str, int | None]) -> int:
    """0 for the same bytes; 64 where one of the pictures shows nothing."""
    if one[0] and one[0] == other[0]:
        return 0
    return 64 if one[1] is None or other[1] is None else likeness.bits_apart(one[1], other[1])


# --- Marks ----------------------------------------------------------------------------------------------


def _keep(
    visit: Visit, found: Mapping[MarkCode, Detail], asked: set[MarkCode], at: dt.datetime
) -> list[VisitMark]:
    """Write what was found; of what was ``asked``, take back what no longer holds. A look that was taken stays."""
    there = {MarkCode(mark.code): mark for mark in VisitMark.objects.filter(visit=visit)}
    for code, mark in list(there.items()):
        if mark.looked_at is None and code in asked and found.get(code) != mark.detail:
            mark.delete()
            del there[code]
    made = VisitMark.objects.bulk_create(
        VisitMark(
            visit=visit,
            child_id=visit.child_id,
            region_id=visit.region_id,
            code=code,
            detail=detail,
            created_at=at,
        )
        for code, detail in found.items()
        if code not in there
    )
    left = [mark for mark in (*there.values(), *made) if mark.looked_at is None]
    return sorted(left, key=lambda mark: mark.code)

"""区划变更: villages are merged, renamed or moved to another township; a merger of townships is the same, line by line.

The old division stays on record with its last day and its successor, so that old papers and files still find their
place (:func:`staff.regions.present_code`). Children, households, what hangs on them, pending transfers and posts go
along. What was paid, its batches and the reports keep the old code: past totals of a township stay as they were
reported, and a locked report is not touched.

A preview is the change itself, carried out and taken back, so it cannot tell anything else than what will happen.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from staff import jobs, moving, post_changes
from staff.divisions import level_of
from staff.enums import RegionLevel
from staff.models import Job, Region, RegionChange
from staff.models.region import county_of, township_of
from staff.scope import current, open_scope
from staff.workflow import Actor, TransitionRefused

HEADER = ("kind", "code", "target_code", "new_name", "day", "document")
CHANGEABLE = (RegionLevel.VILLAGE, RegionLevel.TOWNSHIP)
JOB = "region_changes"
Kind = RegionChange.Kind
Handler = Callable[[int, int, Actor, dt.datetime], dict[str, int]]
_HANDLERS: list[Handler] = []


class RegionChangeRefused(TransitionRefused):
    """The change cannot be made; the message names line, field and remedy."""


@dataclass(frozen=True)
class Line:
    """One change as it was announced. Codes have 12 digits; ``target_code`` 0 where the kind needs none."""

    kind: str
    code: int
    target_code: int
    new_name: str
    day: dt.date
    document: str
    number: int = 1


@dataclass
class Outcome:
    """What one line does: rows by model label, and what becomes of each post (sentences)."""

    line: Line
    old_name: str
    new_name: str
    place: str
    target: str
    counts: dict[str, int] = field(default_factory=dict)
    posts: list[str] = field(default_factory=list)


def on_region_change(handler: Handler) -> Handler:
    """Register what another app does before the rows of a division go to its successor; counts by label."""
    _HANDLERS.append(handler)
    return handler


# --- Reading --------------------------------------------------------------------------------------------


def read_lines(text: str) -> list[Line]:
    """Lines of CSV with the header HEADER. RegionChangeRefused naming line, field and remedy."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    header = tuple(cell.strip() for cell in next(reader, []))
    if header != HEADER:
        raise RegionChangeRefused(_("Line 1: the header must be %(header)s.") % {"header": ",".join(HEADER)})
    lines = [_parse(number, row) for number, row in enumerate(reader, 2) if any(cell.strip() for cell in row)]
    if not lines:
        raise RegionChangeRefused(_("The file has no line below its header."))
    return lines


def write_lines(lines: Iterable[Line]) -> str:
    """The same as CSV, as ``read_lines`` takes it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for line in lines:
        target = f"{line.target_code:012d}" if line.target_code else ""
        writer.writerow(
            [line.kind, f"{line.code:012d}", target, line.new_name, line.day.isoformat(), line.document]
        )
    return out.getvalue()


def _parse(number: int, row: list[str]) -> Line:
    cells = dict(zip(HEADER, (cell.strip() for cell in row), strict=False))
    if len(row) != len(HEADER):
        raise wrong(number, "–", _("six columns are needed."))
    if cells["kind"] not in Kind.values:
        raise wrong(number, "kind", _("use one of %(kinds)s.") % {"kinds": ", ".join(Kind.values)})
    codes = {}
    for name in ("code", "target_code"):
        text = cells[name]
        if not text and name == "target_code" and cells["kind"] == Kind.RENAME:
            text = "0" * 12
        if not (text.isdecimal() and len(text) == 12):
            raise wrong(number, name, _("write the official code with 12 digits."))
        codes[name] = int(text)
    try:
        day = dt.date.fromisoformat(cells["day"])
    except ValueError:
        raise wrong(number, "day", _("write the day as 2026-11-01.")) from None
    return Line(
        cells["kind"], codes["code"], codes["target_code"], cells["new_name"], day, cells["document"], number
    )


def wrong(number: int, name: str, remedy: str) -> RegionChangeRefused:
    """The refusal of one field of one line."""
    return RegionChangeRefused(
        _("Line %(line)s, %(field)s: %(remedy)s") % {"line": number, "field": name, "remedy": remedy}
    )


# --- Previewing and applying ----------------------------------------------------------------------------


class _TakenBack(Exception):
    """Ends a preview; everything it did is rolled back."""


def preview(lines: Iterable[Line], *, at: dt.datetime, actor: Actor | None = None) -> list[Outcome]:
    """What ``apply`` would do now, line by line; nothing is changed. RegionChangeRefused as there."""
    found: list[Outcome] = []
    try:
        with transaction.atomic():
            found += apply(lines, at=at, actor=actor)
            raise _TakenBack
    except _TakenBack:
        return found


def apply(lines: Iterable[Line], *, at: dt.datetime, actor: Actor | None = None) -> list[Outcome]:
    """Carry out all lines in their order, or none. The acting person stands in the history, the document as reason.

    RegionChangeRefused when a line does not fit the divisions as the lines before it left them, or lies outside the
    actor's area.
    """
    actor = actor or Actor.current()
    with transaction.atomic():
        return [_apply_line(line, actor, at) for line in lines]


def children_in(lines: Iterable[Line]) -> int:
    """How many children's files the lines touch; for the choice between now and a job."""
    from django.apps import apps

    codes = [line.code for line in lines if line.kind != Kind.RENAME]
    found: int = apps.get_model(moving.CHILD)._default_manager.filter(region_id__in=codes).count()
    return found


def _apply_line(line: Line, actor: Actor, at: dt.datetime) -> Outcome:
    source = Region.objects.select_for_update().filter(pk=line.code).select_related(None).first()
    if source is None or source.valid_to is not None:
        raise wrong(line.number, "code", _("no division in force has this code."))
    if source.level not in CHANGEABLE:
        raise wrong(line.number, "code", _("only villages and townships are changed here."))
    if not current().covers(source.code):
        raise wrong(line.number, "code", _("this division is not in your area."))
    if not line.document:
        raise wrong(line.number, "document", _("write the number of the document that announced it."))
    if line.day > timezone.localdate(at):
        raise wrong(line.number, "day", _("this day is still to come; apply it on that day or later."))
    if line.day <= source.valid_from:
        raise wrong(line.number, "day", _("the division is younger than that."))
    old_name = source.name
    target = {Kind.MERGE: _merged, Kind.RENAME: _renamed, Kind.MOVE: _moved}[Kind(line.kind)](line, source)
    done = Outcome(line, old_name, target.name, _place(source), _place(target))
    if target.code != source.code:
        source.valid_to, source.successor = line.day - dt.timedelta(days=1), target
        source.save(update_fields=["valid_to", "successor"])
        with open_scope(replace(current(), reason=f"{Kind(line.kind).label}: {line.document}")):
            for handler in _HANDLERS:
                done.counts |= handler(source.code, target.code, actor, at)
            done.counts |= moving.carry_region(source.code, target.code)
            done.posts = post_changes.posts_follow(source, target, at=at)
    RegionChange.objects.create(
        region_id=county_of(source.code),
        kind=line.kind,
        source=source,
        target_code=target.code,
        old_name=old_name,
        new_name=target.name,
        effective_date=line.day,
        document=line.document[:120],
        counts={"rows": done.counts, "posts": done.posts},
        user_id=actor.user_id or None,
        applied_at=at,
    )
    return done


def _place(region: Region) -> str:
    above = Region.objects.filter(pk=region.parent_id).first() if region.parent_id else None
    return f"{above.short_name} {region.short_name}" if above else region.short_name


def _renamed(line: Line, source: Region) -> Region:
    if not line.new_name:
        raise wrong(line.number, "new_name", _("write the new name."))
    if line.new_name == source.name:
        raise wrong(line.number, "new_name", _("the division has this name already."))
    if line.target_code not in (0, source.code):
        raise wrong(line.number, "target_code", _("a change of name keeps the code."))
    source.name = line.new_name[:60]
    source.save(update_fields=["name"])
    return source


def _merged(line: Line, source: Region) -> Region:
    target = Region.objects.select_for_update().filter(pk=line.target_code, valid_to=None).first()
    if target is None or target.code == source.code:
        raise wrong(line.number, "target_code", _("name another division that is in force."))
    if target.level != source.level:
        raise wrong(
            line.number, "target_code", _("a village is merged into a village, a township into a township.")
        )
    if not current().covers(target.code):
        raise wrong(line.number, "target_code", _("this division is not in your area."))
    if Region.objects.filter(parent=source, valid_to=None).exists():
        raise wrong(
            line.number,
            "code",
            _("villages of this township are still in force: move them to the other one first."),
        )
    if line.new_name and line.new_name != target.name:
        target.name = line.new_name[:60]
        target.save(update_fields=["name"])
    return target


def _moved(line: Line, source: Region) -> Region:
    if source.level != RegionLevel.VILLAGE:
        raise wrong(
            line.number, "kind", _("only a village is moved; merge the township once its villages are.")
        )
    try:
        fits = level_of(line.target_code) == RegionLevel.VILLAGE
    except ValueError:
        fits = False
    if not fits:
        raise wrong(line.number, "target_code", _("write the new code of the village with 12 digits."))
    township = Region.objects.filter(
        pk=township_of(line.target_code), level=RegionLevel.TOWNSHIP, valid_to=None
    ).first()
    if township is None:
        raise wrong(
            line.number, "target_code", _("no township in force has the first nine digits of this code.")
        )
    if not current().covers(line.target_code):
        raise wrong(line.number, "target_code", _("this division is not in your area."))
    if Region.objects.filter(pk=line.target_code).exists():
        raise wrong(line.number, "target_code", _("this code is taken. To join that village, use merge."))
    return Region.objects.create(
        code=line.target_code,
        name=(line.new_name or source.name)[:60],
        level=RegionLevel.VILLAGE,
        parent=township,
        valid_from=line.day,
    )


# --- As a job -------------------------------------------------------------------------------------------


def start(lines: Iterable[Line], *, region_id: int, at: dt.datetime, done_url: str = "") -> Job:
    """Apply the lines in the background, under the scope of who asked."""
    return jobs.start(
        JOB, region_id=region_id, arguments={"lines": write_lines(lines)}, at=at, done_url=done_url
    )


@jobs.handler(JOB, title=gettext_lazy("Change of divisions"))
def apply_job(job: Job) -> dict[str, Any]:
    """All lines or none; what a person has to correct is told on the page of the job."""
    lines = read_lines(job.arguments["lines"])
    jobs.progress(job, 0, len(lines))
    try:
        done = apply(lines, at=timezone.now())
    except RegionChangeRefused as refused:
        raise jobs.JobError(str(refused)) from refused
    jobs.progress(job, len(lines), len(lines))
    return {"changes": [told(one) for one in done]}


def told(one: Outcome) -> dict[str, Any]:
    """An outcome as JSON: the line, names, rows by model, posts."""
    values = asdict(one)
    values["line"] = {**asdict(one.line), "day": one.line.day.isoformat()}
    return values

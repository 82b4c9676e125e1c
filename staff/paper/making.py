"""From blocks to the bytes of a PDF."""

from __future__ import annotations

import datetime as dt
import json
import logging
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import override

from staff import scope
from staff.models import Assignment, Region
from staff.models.region import county_of
from staff.paper.blocks import Block, Maker, Table, cell
from staff.paper.glyphs import Writer, code_point

CONTENT_TYPE = "application/pdf"
PRESS = Path(__file__).with_name("press.py")
SECONDS = 100
MOST_CELLS = 100_000  # a list of 5,900 children in 17 columns; setting it takes 1.2 GB for some seconds
# A4: what is left between the margins, millimetres; and the sizes of a list's type, points.
PAGE_WIDTH = {False: 178.0, True: 269.0}
SMALLEST, LARGEST = 5.5, 9.0
INSET = 2 * 0.7  # left and right of a cell, millimetres
HALF_CHARACTER = 0.5 * 0.3528  # millimetres a point of size
WATERMARK_REASON = 22  # characters of the reason in the watermark; the foot of each page has it whole

log = logging.getLogger(__name__)


class PaperTooLong(ValueError):
    """More than fits on paper; the message is for the user and names the remedy."""


def maker() -> Maker:
    """Who acts in the open scope: name, title of the post, office of its region. System scopes are the system."""
    active = scope.current()
    held = (
        Assignment.objects.select_related("user", "post__region").filter(pk=active.assignment_id).first()
        if active.assignment_id
        else None
    )
    if held is None:
        return Maker(_("the system"))
    post = held.post
    return Maker(held.user.name, post.title, post.unit or office_of(post.region))


def office_of(region: Region) -> str:
    """The office that keeps the register of a place: the county's bureau, above it the place's own."""
    county = Region.objects.filter(pk=county_of(region.pk)).first() or region
    return _("Civil affairs bureau of %(place)s") % {"place": county.name}


def table_pdf(
    title: str,
    headings: Sequence[Any],
    rows: Iterable[Sequence[Any]],
    *,
    who: Maker,
    why: str,
    at: dt.datetime,
    note: str = "",
    landscape: bool = True,
) -> bytes:
    """One list as a PDF: A4, headings on every page, type as large as the columns allow.

    ``rows`` may be an iterator; ``note`` stands below the title (the filters, say). Texts are Chinese whatever the
    language of the page. Raises PaperTooLong above MOST_CELLS cells, ValueError without a reason.
    """
    kept = list(rows)
    check_fits(len(kept), len(headings))
    with override("zh-hans"):
        note = " · ".join(filter(None, (note, _("%(count)s lines") % {"count": len(kept)})))
        table = Table(headings, kept, empty=_("Nothing is on this list."))
    return paper_pdf(title, [table], who=who, why=why, at=at, subtitle=note, landscape=landscape)


def check_fits(lines: int, columns: int) -> None:
    """PaperTooLong for a table that paper does not take; worth asking before its rows are read."""
    if lines * columns > MOST_CELLS:
        raise PaperTooLong(
            _("%(count)s lines are too many for paper. Narrow the list, or take the spreadsheet.")
            % {"count": lines}
        )


def paper_pdf(
    title: str,
    blocks: Sequence[Block],
    *,
    who: Maker,
    why: str,
    at: dt.datetime,
    subtitle: str = "",
    landscape: bool = False,
    watermark: bool = True,
) -> bytes:
    """The PDF (PDF/A-2a) of a paper. The same blocks, maker, reason and time give the same bytes.

    Without ``watermark`` (a form that is written on by hand) maker, time and reason stand at the foot alone.

    Characters that the font lacks are printed as boxes with their code points and listed at the end. Raises
    PaperTooLong when setting it takes more memory or time than is allowed, ValueError without a reason.
    """
    if not why.strip():
        raise ValueError("a paper says what it is for")
    writer = Writer()
    with override("zh-hans"):
        when = timezone.localtime(at).strftime("%Y-%m-%d %H:%M")
        short = why if len(why) <= WATERMARK_REASON else f"{why[: WATERMARK_REASON - 1]}…"
        made_by = " ".join(filter(None, (who.name, who.post)))
        before, between, after = _("Page {n} of {m}").replace("{m}", "{n}").split("{n}")
        paper: dict[str, Any] = {
            "title": writer.runs(cell(title)),
            "plain_title": cell(title),
            "subtitle": writer.runs(cell(subtitle)),
            "office": writer.runs(cell(who.office)),
            "watermark": [writer.runs(cell(line)) for line in (made_by, when, short)] if watermark else [],
            "foot": writer.runs(
                cell(
                    _("Made by %(who)s on %(when)s for: %(why)s") % {"who": made_by, "when": when, "why": why}
                )
            ),
            "pages": [before, between, after],
            "landscape": landscape,
            "blocks": [block.as_data(writer) for block in blocks],
        }
        for block in paper["blocks"]:
            if block["kind"] == "table":
                block["size"] = _size(block["widths"], PAGE_WIDTH[landscape])
        paper["missing"] = _missing(writer)
    return _press(paper, at)


def _size(widths: Sequence[int], room: float) -> float:
    """Points at which the columns stand side by side without folding their usual texts."""
    left = room - INSET * len(widths)
    return round(min(max(left / (sum(widths) * HALF_CHARACTER), SMALLEST), LARGEST), 1)


def _missing(writer: Writer) -> str:
    if not writer.missing:
        return ""
    codes = [code_point(character) for character in sorted(writer.missing)]
    log.warning("the paper font lacks %s", " ".join(codes))
    return _(
        "The font lacks characters of this paper; they are printed as boxes with their Unicode numbers: %(codes)s"
    ) % {"codes": "、".join(codes)}


def _press(paper: dict[str, Any], at: dt.datetime) -> bytes:
    given = json.dumps(
        {"paper": paper, "at": at.astimezone(dt.UTC).replace(microsecond=0).isoformat()}
    ).encode()
    too_long = _("This is too long for paper. Narrow the list, or take the spreadsheet.")
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(PRESS)], input=given, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise PaperTooLong(too_long) from error
    if done.returncode < 0:  # killed, or aborted for want of memory
        raise PaperTooLong(too_long)
    if done.returncode:
        raise RuntimeError(f"the paper cannot be set: {done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout


def pdf_response(data: bytes, name: str) -> HttpResponse:
    """The paper as a page shows it: in the browser, under its name when saved, kept by nobody on the way."""
    response = HttpResponse(data, content_type=CONTENT_TYPE)
    response.headers["Content-Disposition"] = content_disposition_header(False, name) or "inline"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response

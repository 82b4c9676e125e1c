"""What the pages of the desk show: plain values for the components."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.desk import merging, together
from cases.desk.merging import COUNTED, Filters, Page, Work
from cases.desk.sources import Panel, Reader, WorkSource, sources_for
from staff.models import Region, User
from staff.models.region import township_of
from staff.templatetags.look import moment
from staff.workflow import history


def item_url(code: str, pk: int, filters: Filters) -> str:
    return reverse("cases:work_item", args=[code, pk]) + filters.query()


def row_id(code: str, pk: int) -> str:
    """The element of a row in the list."""
    return f"work-{code}-{pk}"


def list_values(reader: Reader, filters: Filters, page: Page, current: str) -> dict[str, Any]:
    """The rows of a page and the way to the next one; ``current`` is the row whose panel is open. Two queries."""
    rows = rows_of(reader, filters, page.rows)
    for row in rows:
        row["current"] = row["id"] == current
    here = reverse("cases:queue")
    late = [row for row in rows if row["late"]]
    groups = [(_("Promise passed"), late), (_("Still in time"), [row for row in rows if not row["late"]])]
    return {
        "groups": [(title, listed) for title, listed in groups if listed],
        "first_url": rows[0]["url"] if rows and not current else "",
        "later": here + filters.query(after=page.later) if page.later else "",
        "filtered": bool(filters.source or filters.region or filters.person),
        "narrowed": bool(filters.region or filters.person),
        "here": here,
    }


def rows_of(reader: Reader, filters: Filters, works: list[Work]) -> list[dict[str, Any]]:
    """Rows as list items: who, what, where and whose, by when. Two queries."""
    codes = {work.region_id for work in works} | {township_of(work.region_id) for work in works}
    names = {region.pk: region.short_name for region in Region.objects.filter(pk__in=codes)} if codes else {}
    people = {work.person_id for work in works if work.person_id}
    persons = dict(User.objects.filter(pk__in=people).values_list("pk", "name")) if people else {}
    rows = []
    for work in works:
        township, village = names.get(township_of(work.region_id), ""), names.get(work.region_id, "")
        where = " ".join(dict.fromkeys(filter(None, (township, village)))) if reader.at_county else village
        what = " · ".join(filter(None, (str(work.source.label), work.source.line(work.about))))
        rows.append(
            {
                "id": row_id(work.source.code, work.pk),
                "title": work.who,
                "url": item_url(work.source.code, work.pk, filters),
                "level": work.level,
                "lines": [what, " · ".join(filter(None, (where, persons.get(work.person_id or 0, ""))))],
                "date": promised_day(work.key.promised),
                "late": work.key.promised <= reader.at,
            }
        )
    return rows


def promised_day(promised: dt.datetime) -> dt.date:
    """The last day of a promise: one that runs to midnight ends on the day before it."""
    return timezone.localdate(promised - dt.timedelta(microseconds=1))


def head_values(reader: Reader, filters: Filters) -> dict[str, Any]:
    """Title, tiles with the count of every source, and how much there is. At most three queries."""
    counted = merging.tallies(reader, filters)
    here = reverse("cases:queue")
    total = sum(one.number for one in counted.values())
    late = sum(one.late for one in counted.values())
    tiles = [
        {
            "number": total,
            "label": _("Everything"),
            "url": here + filters.query(source=""),
            "current": not filters.source,
        }
    ]
    for source in sources_for(reader).values():
        tally = counted[source.code]
        if tally.number or filters.source == source.code:
            tiles.append(
                {
                    "number": min(tally.number, COUNTED),
                    "label": str(source.label),
                    "url": here + filters.query(source=source.code),
                    "hot": tally.late > 0,
                    "unit": "+" if tally.number > COUNTED else "",
                    "current": filters.source == source.code,
                }
            )
    return {
        "title": _("Climbed to the county") if reader.at_county else _("Review queue"),
        "tiles": tiles,
        "total": total,
        "late": late,
        "total_words": ngettext("%(n)d thing to do", "%(n)d things to do", total) % {"n": total},
        "quiet": not reader.at_county and together.any_quiet(reader),
        "here": here + filters.query(),
    }


def panel_values(
    reader: Reader,
    filters: Filters,
    source: WorkSource,
    pk: int,
    panel: Panel,
    acts: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """One item as its panel shows it; decisions post to the item's own address."""
    entries = panel.acts if acts is None else acts
    if entries and not any(one.get("primary") for one in entries):
        entries = [{**entries[0], "primary": not entries[0].get("danger")}, *entries[1:]]
    return panel.context | {
        "panel": panel,
        "source": source,
        "row": row_id(source.code, pk),
        "acts": entries,
        "post_url": item_url(source.code, pk, filters),
        "today": reader.today,
    }


def place_values(reader: Reader, filters: Filters, source: WorkSource, pk: int) -> dict[str, Any]:
    """Around an item on its own page: where the queue is, and which of how many it is. At most two queries."""
    work = merging.work_of(reader, source, pk)
    position, count = merging.standing(reader, filters, work.key) if work else (0, 0)
    here = reverse("cases:queue")
    return {
        "position": position,
        "count": count,
        "back": here + filters.query(),
        "list_url": here + filters.query(current=row_id(source.code, pk)),
    }


def meanwhile(about: Any, reader: Reader) -> str:
    """Who decided on an item since it was shown: a sentence, empty when nobody else did. One query."""
    if not hasattr(about, "workflow"):
        return ""
    last = history(about).last()
    if (
        last is None
        or last.user_id in (None, reader.actor.user_id)
        or reader.at - last.at > dt.timedelta(hours=12)
    ):
        return ""
    step = about.workflow.by_name.get(last.name)
    words = {"who": last.user, "what": step.label if step else last.name, "when": moment(last.at)}
    return " " + _("%(who)s decided meanwhile: %(what)s, %(when)s.") % words

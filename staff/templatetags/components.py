"""Blocks of a page as tags: panels, page furniture, lists. Forms are in `asking`, money and charts in
`figures`.

Each takes plain values and renders its template of the same name in templates/components. Every parameter
is declared, so that a misspelt one fails when the template is compiled. Lists are lists of dicts whose keys
are named here; an absent key is simply not shown. Look at them all, filled in, on the page
`staff:components`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django import template
from django.core.paginator import Page
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from staff.templatetags.look import count, icon, listed

register = template.Library()

Rows = Iterable[dict[str, Any]]
Values = dict[str, Any]


# ── blocks with a body ──


@register.simple_block_tag
def panel(
    content: SafeString,
    title: str = "",
    number: int | None = None,
    note: str = "",
    link: str = "",
    url: str = "",
    foot: str = "",
    flush: bool = False,
    level: int = 2,
    css: str = "",
) -> SafeString:
    """A white panel: head with title, count, quiet note and one link; body; foot with the rule that
    explains it.

    `flush` leaves the body unpadded, for a table or a list. `level` is the heading level.
    """
    head = ""
    if title or link:
        head = format_html(
            '<div class="cw-panel-head"><h{0}>{1}</h{0}>{2}{3}{4}</div>',
            level,
            title,
            count(number),
            format_html('<span class="cw-row-end cw-quiet">{}</span>', note) if note else "",
            format_html('<a class="{}cw-link" href="{}">{}</a>', "" if note else "cw-row-end ", url, link)
            if link
            else "",
        )
    return format_html(
        '<section class="cw-panel{}">{}{}{}</section>',
        f" {css}" if css else "",
        head,
        content if flush else format_html('<div class="cw-panel-body">{}</div>', content),
        format_html('<p class="cw-panel-foot">{}</p>', foot) if foot else "",
    )


STRIP_ICONS = {
    "": "info-circle",
    "send": "cloud-upload",
    "done": "check",
    "offline": "wifi-off",
    "warn": "alert-triangle",
    "bad": "alert-circle",
}


@register.simple_block_tag
def strip(content: SafeString, kind: str = "", name: str = "", link: str = "", url: str = "") -> SafeString:
    """A one-line message with at most one link. `kind` is empty, send, done, offline, warn or bad; `name`
    an icon.
    """
    look = "send" if kind == "done" else kind
    return format_html(
        '<div class="cw-strip{}"{}>{}<span>{}</span>{}</div>',
        f" cw-strip-{look}" if look else "",
        format_html(' role="{}"', "alert") if kind == "bad" else "",
        icon(name or STRIP_ICONS[kind]),
        content,
        format_html('<a href="{}">{}</a>', url, link) if link else "",
    )


@register.simple_block_tag
def clause(content: SafeString, title: str = "") -> SafeString:
    """The regulation behind a number or a decision."""
    return format_html(
        '<div class="cw-clause">{}{}</div>',
        format_html('<p class="cw-strong">{}</p>', title) if title else "",
        content,
    )


@register.simple_block_tag
def why(content: SafeString) -> SafeString:
    """One sentence that says why something was proposed."""
    return format_html('<p class="cw-why">{}<span>{}</span></p>', icon("bulb"), content)


@register.simple_block_tag
def locked(content: SafeString, link: str = "", url: str = "") -> SafeString:
    """Says that a report can no longer change, since when and by whom; not printed."""
    more = format_html('<a class="cw-row-end cw-link" href="{}">{}</a>', url, link) if link else ""
    return format_html('<p class="cw-lock cw-noprint">{}<span>{}</span>{}</p>', icon("lock"), content, more)


# ── page furniture ──


@register.inclusion_tag("components/page_head.html")
def page_head(
    title: str, note: str = "", state: str = "", word: str = "", level: str = "", actions: Rows = ()
) -> Values:
    """The title, one line of context, actions at the right, the primary last.

    `state` and `word` make a status chip, `level` a risk tag. `actions`: {label, url, icon, primary,
    download}; an action that writes is a form of its own, not one of these.
    """
    return {
        "title": title,
        "note": note,
        "state": state,
        "word": word,
        "level": level,
        "actions": listed(actions),
    }


@register.inclusion_tag("components/crumb.html")
def crumb(*steps: Any) -> Values:
    """The way here: pairs of label and URL in turn, then the label of this page."""
    pairs = [(steps[i], steps[i + 1]) for i in range(0, len(steps) - 1, 2)]
    return {"steps": pairs, "here": steps[-1] if len(steps) % 2 else ""}


@register.inclusion_tag("components/tabs.html")
def tabs(entries: Rows, label: str) -> Values:
    """Sections of one thing, such as a child's file: {label, url, current, count}."""
    return {"entries": listed(entries), "label": label}


@register.inclusion_tag("components/tiles.html")
def tiles(entries: Rows, label: str) -> Values:
    """Counts that filter a queue, never decoration: {number, label, url, current, hot, unit}."""
    return {"entries": listed(entries), "label": label}


@register.inclusion_tag("components/filter_bar.html", takes_context=True)
def filter_bar(
    context: Context, segments: Rows = (), form: Any = None, label: str = "", search: str | None = None
) -> Values:
    """Filters above a table: segments {label, url, current, count}, then a GET form with its own button.

    `search` adds a text field named q with that value.
    """
    return {"segments": listed(segments), "form": form, "label": label, "search": search}


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(
    context: Context, page: Page | None = None, earlier: str = "", later: str = "", summary: str = ""
) -> Values:
    """Ways to the neighbouring pages. Either a Django `page`, or the URLs `earlier` and `later` of a keyset
    list.
    """
    if page is not None:
        query = context["request"].GET.copy()

        def url_of(number: int) -> str:
            query["page"] = str(number)
            return "?" + query.urlencode()

        earlier = url_of(page.previous_page_number()) if page.has_previous() else ""
        later = url_of(page.next_page_number()) if page.has_next() else ""
    return {"page": page, "earlier": earlier, "later": later, "summary": summary}


@register.inclusion_tag("components/empty.html")
def empty(
    title: str,
    text: str = "",
    link: str = "",
    url: str = "",
    name: str = "plus",
    other: str = "",
    other_url: str = "",
    art: str = "done",
) -> Values:
    """An empty list says what is so and what to do. `art` is done, lost or broken; `name` the icon of the
    button.
    """
    return {
        "title": title,
        "text": text,
        "link": link,
        "url": url,
        "name": name,
        "other": other,
        "other_url": other_url,
        "art": art,
    }


# ── lists and facts ──


@register.inclusion_tag("components/facts.html")
def facts(rows: Rows, single: bool = False) -> Values:
    """Labelled values: {label, value, number, wide, url, masked, reveal, person}. `single` makes one
    column.

    `masked` with `reveal` (the URL that asks a reason) and `person` shows a masked number; `number` sets
    figures.
    """
    return {"rows": listed(rows), "single": single}


@register.inclusion_tag("components/list_item.html", takes_context=True)
def list_item(
    context: Context,
    title: str,
    url: str = "",
    lines: Sequence[Any] = (),
    level: str | None = None,
    state: str = "",
    word: str = "",
    date: Any = None,
    today: Any = None,
    note: str = "",
    with_face: bool = True,
    current: bool = False,
    swap: str = "",
    ident: str = "",
) -> Values:
    """One row of a cw-list: face, name and risk, lines of text, and at the right the due date, a note, or a
    chevron.

    `swap` is the id of the element that the row's page is loaded into on a desktop; on a phone it opens as
    a page. `ident` is the row's own id.
    """
    return {
        "title": title,
        "url": url,
        "lines": lines,
        "level": level,
        "state": state,
        "word": word,
        "date": date,
        "today": today or context.get("today"),
        "note": note,
        "with_face": with_face,
        "css": "cw-item-face" if with_face else "cw-item-2",
        "current": current,
        "swap": swap,
        "ident": ident,
    }


@register.inclusion_tag("components/table.html")
def table(
    columns: Sequence[dict[str, Any]],
    rows: Iterable[dict[str, Any]],
    totals: Sequence[Any] = (),
    caption: str = "",
    tight: bool = False,
    stack: bool = False,
) -> Values:
    """A table of plain values; write the markup by hand where a cell is more than that.

    columns: {label, kind}, kind one of text, name (never wraps), number, money, difference, date, state,
    risk. rows: {cells, url, selected}; a cell is a value or a pair (value, URL) that drills down. totals:
    one value a column. `stack` turns rows into labelled lines on a phone, for tables of a few columns.
    """
    prepared = [
        {
            "selected": row.get("selected"),
            "cells": [_cell(cell, column) for cell, column in zip(row["cells"], columns, strict=True)],
        }
        for row in rows
    ]
    sums = [_cell(cell, column) for cell, column in zip(totals, columns, strict=True)] if totals else []
    return {
        "columns": [_cell(column["label"], column) for column in columns],
        "rows": prepared,
        "totals": sums,
        "caption": caption,
        "tight": tight,
        "stack": stack,
    }


NUMERIC = {"number", "money", "difference"}


def _cell(value: Any, column: dict[str, Any]) -> dict[str, Any]:
    kind = column.get("kind", "text")
    url = ""
    if isinstance(value, tuple):
        value, url = value
    css = "n" if kind in NUMERIC else "k" if kind in {"name", "date"} else ""
    if kind in NUMERIC and not value:
        css += " zero"
    return {"value": value, "url": url, "kind": kind, "css": css, "label": column["label"]}


@register.inclusion_tag("components/timeline.html")
def timeline(events: Rows) -> Values:
    """What happened, newest first: {icon, title, date, text, url, hot}."""
    return {"events": listed(events)}


@register.inclusion_tag("components/answers.html")
def answers(rows: Rows) -> Values:
    """Questions and what was answered: {question, answer, yes, note}; `yes` marks what needs attention."""
    return {"rows": listed(rows)}

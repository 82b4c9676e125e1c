"""Words and values on a page: icon, risk, status, due date, amount, date, masked number.

Small tags written in Python because a table calls them hundreds of times; larger blocks are in
`components`. Dates read 2026-10-31, amounts 1,550.00 with a true minus sign, an absent value reads as a
dash.
"""

import datetime as dt
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from staff.access import may_open
from staff.status import RISK_WORDS, look_of

register = template.Library()


class Entry(dict[str, Any]):
    """One dict of a list given to a component: a key that is absent reads as None, not as undefined."""

    def __missing__(self, name: str) -> None:
        return None


NOTHING = "—"
MINUS = "−"


@register.filter
def listed(rows: Iterable[dict[str, Any]] | None) -> list[Entry]:
    """A list of dicts whose absent keys a template may ask for."""
    return [Entry(row) for row in rows or ()]


@register.filter
def openable(url: str) -> bool:
    """Whether the reader may open a page: ``{% if address|openable %}``."""
    return may_open(url)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of components/sprite.html. Silent to screen readers unless `label` says what it stands for."""
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="#i-{}"/></svg>', label, name
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>', name)


@register.simple_tag
def risk(level: str | None) -> SafeString | str:
    """A risk colour: shape, soft colour and word. `level` is red, yellow, blue or green; empty shows
    nothing.
    """
    if not level:
        return ""
    return format_html('<span class="cw-risk cw-risk-{}">{}</span>', level, RISK_WORDS.get(level, level))


@register.simple_tag
def status(state: str | None, label: str = "", of: str = "") -> SafeString | str:
    """A workflow state as a round chip. `label` replaces the word, not the colour or the icon.

    `of` is the model in lower case, where one code means different things: of="paymentbatch".
    """
    if not state:
        return ""
    look = look_of(state, of)
    return format_html(
        '<span class="cw-status{}">{}{}</span>',
        f" cw-status-{look.chip}" if look.chip else "",
        icon(look.icon),
        label or look.word,
    )


@register.simple_tag
def face(name: str, large: bool = False) -> SafeString:
    """The first character of a name on a disc: children's pictures never appear in lists."""
    return format_html(
        '<span class="cw-face{}" aria-hidden="true">{}</span>', " cw-face-lg" if large else "", name[:1]
    )


@register.simple_tag
def count(number: int | None, hot: bool = False) -> SafeString | str:
    """A count beside a heading or a menu entry; `hot` when it waits for the reader. Nothing for zero or
    None.
    """
    if not number:
        return ""
    return format_html('<span class="cw-count{}">{}</span>', " cw-count-hot" if hot else "", grouped(number))


@register.simple_tag
def key(letter: str) -> SafeString:
    """The letter of a keyboard shortcut, on desktops; the behaviour is in static/js/keys.js."""
    return format_html('<kbd class="cw-kbd cw-only-desk">{}</kbd>', letter)


@register.simple_tag(takes_context=True)
def due(context: Context, date: dt.date | dt.datetime | None, today: dt.date | None = None) -> SafeString:
    """A due date as the reader feels it: overdue by n days, today, or the date with its weekday.

    `today` falls back to the page's own `today`, then to the calendar.
    """
    if date is None:
        return format_html('<span class="cw-due">{}</span>', NOTHING)
    date = _as_date(date)
    today = _as_date(today or context.get("today") or timezone.localdate())
    late = (today - date).days
    if late > 0:
        words = ngettext("%(n)d day overdue", "%(n)d days overdue", late) % {"n": late}
        return format_html('<time class="cw-due cw-due-over" datetime="{}">{}</time>', date, words)
    if late == 0:
        return format_html('<time class="cw-due cw-due-today" datetime="{}">{}</time>', date, _("Today"))
    shown = short_date(date, today) if late < -6 else f"{short_date(date, today)} {weekday(date)}"
    return format_html('<time class="cw-due" datetime="{}">{}</time>', date, shown)


@register.simple_tag
def days_left(date: dt.date | None, today: dt.date | None = None) -> str:
    """How far a date is, in words: overdue, today, or so many days left. Empty without a date."""
    if date is None:
        return ""
    left = (_as_date(date) - _as_date(today or timezone.localdate())).days
    if left < 0:
        return ngettext("%(n)d day overdue", "%(n)d days overdue", -left) % {"n": -left}
    if left == 0:
        return _("Today")
    return ngettext("%(n)d day left", "%(n)d days left", left) % {"n": left}


@register.simple_tag
def identity(masked: str, url: str = "", person: str = "", what: str = "") -> SafeString:
    """A masked number with an eye that leads to the reason dialog.

    `url` is the page that asks for the reason; without it there is no eye. `person` and `what` ("identity
    number") name what will be shown, for screen readers.
    """
    if not url:
        return format_html('<span class="cw-id">{}</span>', masked or NOTHING)
    label = _("Show the %(what)s of %(person)s, a reason is required") % {
        "what": what or _("identity number"),
        "person": person,
    }
    return format_html(
        '<span class="cw-id">{}<a class="cw-iconbtn" href="{}" data-dialog aria-label="{}">{}</a></span>',
        masked or NOTHING,
        url,
        label,
        icon("eye"),
    )


@register.filter
def money(amount: Decimal | int | None) -> str:
    """An amount in yuan: 1,550.00. The unit stands in the header of the column or beside the number."""
    if amount is None or amount == "":
        return NOTHING
    value = Decimal(amount).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    return f"{value:,.2f}".replace("-", MINUS)


@register.filter
def signed(amount: Decimal | int | None) -> str:
    """A difference in yuan with its sign: +320.00, −20.00; a zero has none."""
    text = money(amount)
    return f"+{text}" if amount and text != NOTHING and not text.startswith(MINUS) else text


@register.filter
def grouped(number: Decimal | int | None) -> str:
    """A whole number with thousands separated: 3,218."""
    return NOTHING if number is None or number == "" else f"{number:,}".replace("-", MINUS)


@register.filter
def zero(number: Decimal | int | None) -> str:
    """The class that greys a nought in a table, otherwise nothing."""
    return "" if number else "zero"


@register.filter
def day(value: dt.date | dt.datetime | None) -> str:
    """2026-10-31"""
    return _as_date(value).isoformat() if value else NOTHING


@register.filter
def short_day(value: dt.date | dt.datetime | None) -> str:
    """10-31 for a date of this year, 2025-10-31 for another."""
    return short_date(_as_date(value), timezone.localdate()) if value else NOTHING


@register.filter
def month(value: dt.date | None) -> str:
    """2026-10"""
    return f"{value:%Y-%m}" if value else NOTHING


@register.filter
def moment(value: dt.datetime | None) -> str:
    """2026-10-20 09:40, in local time"""
    return (
        f"{timezone.localtime(value) if timezone.is_aware(value) else value:%Y-%m-%d %H:%M}"
        if value
        else NOTHING
    )


@register.filter
def clock(value: dt.datetime | None) -> str:
    """09:40, in local time"""
    return f"{timezone.localtime(value) if timezone.is_aware(value) else value:%H:%M}" if value else NOTHING


@register.filter
def weekday(value: dt.date | dt.datetime | None) -> str:
    """周五 in Chinese, Fri in English; Django's own short names are 星期五: too wide on a phone."""
    if not value:
        return ""
    names = (
        pgettext("weekday", "Mon"),
        pgettext("weekday", "Tue"),
        pgettext("weekday", "Wed"),
        pgettext("weekday", "Thu"),
        pgettext("weekday", "Fri"),
        pgettext("weekday", "Sat"),
        pgettext("weekday", "Sun"),
    )
    return names[_as_date(value).weekday()]


def short_date(date: dt.date, today: dt.date) -> str:
    """A date without its year when that is the year of `today`."""
    return f"{date:%m-%d}" if date.year == today.year else date.isoformat()


def _as_date(value: Any) -> dt.date:
    """The local calendar date of a date, a datetime, or text as 2026-10-31."""
    if isinstance(value, str):
        return dt.date.fromisoformat(value[:10])
    if isinstance(value, dt.datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).date()
    return value

"""Blocks that ask: choices, questions, photos, the save bar, what can be done now, reasons, the reveal
dialog.

Their fields are plain HTML, so they post without scripts; errors and hints stand under the field they are
about.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django import template
from django.utils.translation import gettext as _

from staff.templatetags.look import Entry, listed
from staff.workflow import Transition

register = template.Library()

Rows = Iterable[dict[str, Any]]
Values = dict[str, Any]


@register.inclusion_tag("components/choices.html")
def choices(
    name: str,
    options: Iterable[Sequence[Any]],
    legend: str = "",
    chosen: Any = (),
    many: bool = False,
    need: str = "",
    columns: int = 0,
    hint: str = "",
    error: str = "",
    look: str = "choices",
    missing: str = "",
) -> Values:
    """Large radio buttons, or check boxes with `many`. options: (value, label) or (value, label, risk
    level).

    `look` is choices (boxes in `columns`) or chips (round, as many as fit). `need` is the word beside the
    legend. `missing` is what is said when none of `many` is chosen (static/js/visit_form.js).
    """
    taken = {str(c) for c in (chosen if isinstance(chosen, (list, tuple, set)) else [chosen])}
    rows = [
        {"value": o[0], "label": o[1], "level": o[2] if len(o) > 2 else "", "checked": str(o[0]) in taken}
        for o in options
    ]
    return {
        "name": name,
        "options": rows,
        "legend": legend,
        "many": many,
        "need": need,
        "missing": missing,
        "columns": columns,
        "hint": hint,
        "error": error,
        "look": look,
    }


@register.inclusion_tag("components/ask.html")
def ask(
    name: str,
    question: str,
    value: Any = None,
    yes: str = "yes",
    no: str = "no",
    hint: str = "",
    error: str = "",
    options: Iterable[Sequence[Any]] = (),
    alarm: str | None = None,
    required: bool = False,
) -> Values:
    """A question answered no or yes; yes turns its block yellow and shows the hint. `value` is `yes`, `no`
    or None.

    `options` are other (value, label) pairs than 没有 and 有; `alarm` is the one that turns the block yellow, if not yes
    (empty: none, and the hint is always there).
    """
    return {
        "name": name,
        "question": question,
        "value": value,
        "hint": hint,
        "error": error,
        "options": [*options] or [(no, _("No, none")), (yes, _("Yes, there is"))],
        "alarm": yes if alarm is None else alarm,
        "required": required,
    }


@register.inclusion_tag("components/photos.html")
def photos(shots: Rows = (), name: str = "", most: int = 6, small: bool = False) -> Values:
    """Pictures with their state written on them: {url, thumb, alt, state}; state sent, waiting, failed or
    none.

    `name` makes the field that takes or chooses pictures, at most `most` of them (static/js/photos.js
    shrinks them before they are sent). Never in lists.
    """
    return {"shots": listed(shots), "name": name, "most": most, "small": small}


@register.inclusion_tag("components/save_bar.html")
def save_bar(label: str, form: str = "", saved: str = "", name: str = "", value: str = "") -> Values:
    """The bottom of a long form: where its content is, then the one submit. `form` is the id of the form
    element.
    """
    return {"label": label, "form": form, "saved": saved, "name": name, "value": value}


@register.inclusion_tag("components/actions.html")
def actions(
    entries: Iterable[Transition | dict[str, Any]],
    url: str = "",
    note: str = "",
    neighbours: bool = False,
    keys: str = "",
    swap: str = "",
) -> Values:
    """What can be done now; the first is primary. Each is a form that posts `action` = name to its URL.

    An entry is a Transition as `available()` returns it, or {name, label, url, icon, key, primary, danger,
    disabled, reasons, needs_text, text_label, prompt, submit, fields}. `reasons` ((code, label) pairs) or
    `needs_text` open a panel where the reason is required, posted as `reason_code` and `reason`; `disabled`
    is the reason why the step is not yours; `fields` is a form shown in the panel; `url` the default to post
    to. `keys` gives shortcuts by name: "approve:A return:R"; `neighbours` shows the keys J and K. With `swap`, the id
    of an element, forms without a URL of their own are sent by htmx and answered into it; an entry that was refused
    comes again with `open`, the `text` that was typed and the `chosen` reason.
    """
    letters = dict(pair.split(":") for pair in keys.split())
    rows = [_action(entry, letters) for entry in entries]
    if rows and not any("primary" in row for row in rows):
        rows[0]["primary"] = not rows[0]["danger"]
    return {"entries": rows, "url": url, "note": note, "neighbours": neighbours, "swap": swap}


def _action(entry: Transition | dict[str, Any], letters: dict[str, str]) -> Entry:
    if isinstance(entry, Transition):
        row = Entry(
            name=entry.name,
            label=entry.label,
            icon=entry.icon,
            danger=entry.danger,
            reasons=entry.reasons.choices if entry.reasons else (),
            needs_text=entry.needs_text,
        )
    else:
        row = Entry(entry)
    row.setdefault("prompt", row["label"])
    row.setdefault("key", letters.get(row["name"] or "", ""))
    row["asks"] = bool(row["reasons"] or row["needs_text"] or row["fields"])
    row["multipart"] = bool(row["fields"]) and row["fields"].is_multipart()
    return row


@register.inclusion_tag("components/reason.html")
def reason(
    prompt: str,
    reasons: Iterable[Sequence[Any]] = (),
    text_label: str = "",
    needs_text: bool = True,
    stem: str = "reason",
    text: str | None = "",
    chosen: str | None = "",
) -> Values:
    """The part of a form that asks why: coded reasons as chips (`reason_code`), then words (`reason`).

    `stem` makes ids unique where a page has several; `text` and `chosen` are what was given before.
    """
    return {
        "prompt": prompt,
        "reasons": reasons,
        "text_label": text_label,
        "needs_text": needs_text,
        "stem": stem,
        "text": text or "",
        "chosen": chosen or "",
    }


@register.inclusion_tag("components/reveal_dialog.html")
def reveal_dialog(
    title: str,
    url: str,
    reasons: Iterable[Sequence[Any]],
    value: str = "",
    seconds: int = 60,
    error: str = "",
) -> Values:
    """Asks why before a masked number is shown; with `value` shows it, and hides it again after `seconds`.

    Rendered alone it is the content of the dialog; within a page it is that page. Posts `reason_code` and
    `reason`.
    """
    return {
        "title": title,
        "url": url,
        "reasons": reasons,
        "value": value,
        "seconds": seconds,
        "error": error,
    }


@register.inclusion_tag("components/outbox.html")
def outbox(home: str = "") -> Values:
    """Visits that are on this device and what became of them, filled in by static/js/field/outbox_view.js.
    `home` is the way back.
    """
    return {"home": home}


@register.inclusion_tag("components/outbox_strip.html")
def outbox_strip(url: str) -> Values:
    """How many visits wait on this device; `url` is the page that lists them."""
    return {"url": url}


@register.inclusion_tag("components/draft_notice.html")
def draft_notice() -> Values:
    """Says that a form shows a draft from this device, and offers to start again."""
    return {}

"""Collecting translatable text without gettext's programs: Babel reads Python, and templates after Django turned them into code."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from childwelfare.environment import BASE_DIR

FOLDERS = ("childwelfare", "staff", "cases", "referrals", "subsidies", "templates")
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "_lazy": None,
    "_now": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
LOCALES = ("zh_Hans", "en")


def sources() -> Iterator[tuple[Path, bytes]]:
    """Every Python file and template of the product, templates as the code Django makes of them."""
    for folder in FOLDERS:
        for path in sorted((BASE_DIR / folder).rglob("*")):
            if "migrations" in path.parts or "__pycache__" in path.parts:
                continue
            if path.suffix == ".py":
                yield path, path.read_bytes()
            elif path.suffix in {".html", ".txt"}:
                code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
                # What is left of the markup keeps its indentation, which is none of Python's.
                yield path, "\n".join(line.lstrip() for line in code.splitlines()).encode()


def collect() -> Catalog:
    """A template catalogue of all messages in use."""
    catalog = Catalog(project="Childwelfare", charset="utf-8")
    for path, code in sources():
        found = extract("python", io.BytesIO(code), keywords=KEYWORDS, options={"encoding": "utf-8"})
        for _line, message, _comments, context in found:
            if message:
                catalog.add(message, locations=[(str(path.relative_to(BASE_DIR)), 1)], context=context)
    return catalog


def po_path(locale: str) -> Path:
    return BASE_DIR / "locale" / locale / "LC_MESSAGES" / "django.po"


def load(locale: str) -> Catalog:
    path = po_path(locale)
    if not path.exists():
        return Catalog(locale=locale, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def update(locale: str, translations: dict[str, str] | None = None) -> list[str]:
    """Bring a catalogue up to date with the sources; returns the message ids that still lack a translation."""
    old, new = load(locale), Catalog(locale=locale, charset="utf-8", fuzzy=False)
    given = translations or {}
    missing = []
    for message in collect():
        if not message.id:
            continue
        key = str(message.id[0] if isinstance(message.id, tuple) else message.id)
        known = old.get(message.id, message.context)
        # A context stands before its message as gettext itself writes it: "context\x04message".
        in_context = _given(given, f"{message.context}\x04{key}") if message.context else ""
        text = in_context or _given(given, key) or (known.string if known is not None else "")
        if isinstance(message.id, tuple):
            forms = text if isinstance(text, tuple | list) else (text,)
            text = tuple((*forms, *[forms[-1]] * new.num_plurals)[: new.num_plurals])
        if locale == "en":
            text = ""
        elif not (text[0] if isinstance(text, tuple) else text):
            missing.append(str(key))
        new.add(
            message.id,
            text,
            locations=sorted({(name, 1) for name, _ in message.locations}),
            flags=message.flags,
            context=message.context,
        )
    po_path(locale).parent.mkdir(parents=True, exist_ok=True)
    with po_path(locale).open("wb") as file:
        write_po(file, new, sort_output=True, omit_header=False, width=100, include_lineno=False)
    return missing


def _given(translations: dict[str, str], key: str) -> str:
    """A template's % is doubled in its message id; translators write it once."""
    return translations.get(key) or translations.get(key.replace("%%", "%"), "").replace("%", "%%")

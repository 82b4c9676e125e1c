"""Compiled translations, made with Babel alone: no gettext programs are needed."""

from __future__ import annotations

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from childwelfare.environment import SetupError


def compile_catalogues(folders: list[Path]) -> list[Path]:
    """Compile each ``*/LC_MESSAGES/*.po`` that is newer than its ``.mo``; returns the files written.

    Fuzzy entries are left out. Raises SetupError for a catalogue that cannot be read.
    """
    written = []
    for folder in folders:
        for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
            target = source.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
                continue
            _compile(source, target)
            written.append(target)
    return written


def _compile(source: Path, target: Path) -> None:
    locale = source.parent.parent.name
    try:
        with source.open("rb") as file:
            catalogue = read_po(file, locale=locale, abort_invalid=True)
    except (PoFileError, UnicodeDecodeError, ValueError) as error:
        raise SetupError(f"The catalogue {source} cannot be read: {error}") from error
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    with scratch.open("wb") as file:
        write_mo(file, catalogue)
    os.replace(scratch, target)

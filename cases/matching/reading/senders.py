"""Which office a sheet comes from: by what stands above the list, in the sheet's name and in the file's."""

from __future__ import annotations

import re
from typing import Final, Protocol

_CODE: Final = re.compile(r"(?<!\d)(\d{12}|\d{9}|\d{6})(?!\d)")


class Divisions(Protocol):
    """Who knows the townships of a county."""

    def sender(self, *texts: str) -> str:
        """The 12-digit code of the township that the first telling text names, '' for none."""
        ...


def sender_of(divisions: Divisions | None, *texts: str) -> str:
    """The 12-digit code of the office that the first telling text names, '' for none."""
    if divisions is not None:
        return divisions.sender(*texts)
    for text in texts:
        found = _CODE.search(text)
        if found and not found[1].startswith(("19", "20")):
            return found[1].ljust(12, "0")
    return ""


def division_code(text: str) -> str:
    """A division code of a cell padded to 12 digits, '' when it is none."""
    code = text.strip()
    return code.ljust(12, "0") if code.isascii() and code.isdigit() and 6 <= len(code) <= 12 else ""

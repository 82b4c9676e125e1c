"""Reading papers back."""

from __future__ import annotations

import io
import re

from pypdf import PdfReader


def words(text: str) -> str:
    """A text without white space: a PDF breaks lines where the column ends."""
    return re.sub(r"[\s\u200b]+", "", text)


def page_texts(data: bytes) -> list[str]:
    """The text of each page, without white space."""
    return [words(page.extract_text()) for page in PdfReader(io.BytesIO(data)).pages]


def all_text(data: bytes) -> str:
    return "".join(page_texts(data))

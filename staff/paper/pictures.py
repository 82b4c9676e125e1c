"""Photos on paper: made small, so that a visit with six of them can be sent on."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, UnidentifiedImageError

from staff.paper.glyphs import Writer

LONGEST = 1100  # pixels: at three inches wide more than an office printer draws
MOST_BYTES = 300_000  # of one picture
QUALITIES = (78, 65, 50, 35)
# Typst takes its pictures from files; an SVG around the JPEG's bytes keeps them in memory, and they go into the PDF unchanged.
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}">'
    '<image width="{w}" height="{h}" href="data:image/jpeg;base64,{data}"/></svg>'
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Picture:
    """A JPEG with its size in pixels, and the words below it. Without ``data`` the words stand alone."""

    text: str
    data: bytes = b""
    width: int = 0
    height: int = 0

    def as_data(self, writer: Writer) -> dict[str, Any]:
        svg = SVG.format(w=self.width, h=self.height, data=base64.b64encode(self.data).decode())
        return {"text": writer.runs(self.text), "plain": self.text, "svg": svg if self.data else ""}


@dataclass(frozen=True)
class Pictures:
    """Photos, two a line."""

    pictures: Sequence[Picture]

    def as_data(self, writer: Writer) -> dict[str, Any]:
        return {"kind": "pictures", "pictures": [one.as_data(writer) for one in self.pictures]}


def picture_for_paper(data: bytes, text: str, *, most_bytes: int = MOST_BYTES) -> Picture:
    """A stored photo as it is printed: at most 1100 pixels long and ``most_bytes`` large. One that cannot be read is only its words."""
    try:
        with Image.open(io.BytesIO(data)) as opened:
            opened.draft("RGB", (LONGEST, LONGEST))
            seen = opened.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        log.warning("a stored photo cannot be read")
        return Picture(text)
    seen.thumbnail((LONGEST, LONGEST))
    while True:
        for quality in QUALITIES:
            target = io.BytesIO()
            seen.save(target, "JPEG", quality=quality, optimize=True)
            if target.tell() <= most_bytes:
                return Picture(text, target.getvalue(), *seen.size)
        seen = seen.resize((max(seen.width * 3 // 4, 1), max(seen.height * 3 // 4, 1)))

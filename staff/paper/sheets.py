"""What a blank form asks, for a hand with a pen: boxes to tick, lines to write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from staff.paper.glyphs import Writer


@dataclass(frozen=True)
class Ask:
    """One question. ``choices`` get a box each, ``lines`` are ruled below them; ``hint`` stands small under the question."""

    label: str
    choices: Sequence[str] = ()
    lines: int = 0
    hint: str = ""


@dataclass(frozen=True)
class Asks:
    """Questions one below the other."""

    asks: Sequence[Ask]

    def as_data(self, writer: Writer) -> dict[str, Any]:
        return {
            "kind": "asks",
            "asks": [
                {
                    "label": writer.runs(one.label),
                    "hint": writer.runs(one.hint),
                    "choices": [writer.runs(choice) for choice in one.choices],
                    "lines": one.lines,
                }
                for one in self.asks
            ],
        }

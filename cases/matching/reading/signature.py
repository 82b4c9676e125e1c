"""What a clerk has said of a header, to be applied to every sheet that bears the same one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cases import identity
from cases.matching.reading import headers


@dataclass(frozen=True, slots=True)
class Layout:
    """The field of each column, '' for one that is not read, and whether amounts are in 万元."""

    columns: tuple[str, ...]
    ten_thousands: bool = False

    def fields(self, width: int) -> list[str]:
        """The field of each of `width` columns."""
        return [*self.columns[:width], *[""] * (width - len(self.columns))]

    def as_json(self) -> dict[str, Any]:
        """For `ListLayout.mapping`."""
        return {"columns": list(self.columns), "ten_thousands": self.ten_thousands}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Layout:
        """The inverse of `as_json`."""
        return cls(tuple(data.get("columns", ())), bool(data.get("ten_thousands")))


# (sender, signature) → layout; the sender '' stands for every one.
Layouts = Mapping[tuple[str, str], Layout]


def signature_of(names: Sequence[str]) -> str:
    """sha256 over the texts of a header, blanks and brackets aside; of their number where there is none."""
    plain = [headers.plain(identity.hide_numbers(name)) for name in names]
    while plain and not plain[-1]:
        plain.pop()
    text = "\x1f".join(plain) if plain else f"{len(names)} columns"
    return hashlib.sha256(text.encode()).hexdigest()

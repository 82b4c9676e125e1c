"""What the import found of one row."""

from __future__ import annotations

from dataclasses import dataclass, field

from cases.circumstances.enums import RowOutcome
from cases.importing.problems import Problem
from cases.importing.writing import Trace


@dataclass(slots=True)
class Verdict:
    """What is to become of one row. ``shown``: [column, old, new] of a known child."""

    outcome: str = RowOutcome.ERROR
    child_id: int | None = None
    village: int | None = None
    problems: list[Problem] = field(default_factory=list)
    shown: list[list[str]] = field(default_factory=list)
    trace: Trace | None = None
    written: bool = False

    def add(self, column: str, code: str, line: int = 0) -> None:
        if not any(p.field == column and p.code == code for p in self.problems):
            self.problems.append(Problem(column, code, line))

    @property
    def blocked(self) -> bool:
        return any(problem.blocks for problem in self.problems)

"""Set the type of one paper: JSON on standard input, PDF on standard output. Started by :mod:`staff.paper.making`.

A process of its own, because Typst keeps what it has set in memory, needs much of it for a long list, and cannot be
stopped from inside. Imports nothing of the project, so that it starts in a few hundredths of a second.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import sys
from pathlib import Path
from typing import Final

import typst

HERE = Path(__file__).resolve().parent
MOST_MEMORY = 6 * 1024**3  # of address space, bytes
STANDARD: Final = "a-2a"  # PDF/A-2a: fonts inside, tagged, readable in ten years and aloud


def main() -> int:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = MOST_MEMORY if hard == resource.RLIM_INFINITY else min(MOST_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    given = json.load(sys.stdin.buffer)
    try:
        data = typst.compile(
            str(HERE / "paper.typ"),
            root=str(HERE),
            font_paths=[str(HERE / "fonts")],
            ignore_system_fonts=True,
            sys_inputs={"paper": json.dumps(given["paper"])},
            pdf_standards=[STANDARD],
            timestamp=dt.datetime.fromisoformat(given["at"]),
        )
    except typst.TypstError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.buffer.write(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())

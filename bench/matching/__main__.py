"""``make bench-matching``: quality and speed of the matcher beside its baselines, written to docs/matching.md.

SIZES, SEEDS and NOISE choose what is made; the figures are kept in var/bench/matching.json, from which
``--tables`` writes the tables again.
"""

from __future__ import annotations

import argparse
import json

from bench.matching import tables
from bench.matching.run import Plan, run
from childwelfare.environment import BASE_DIR


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.matching", description=__doc__)
    parser.add_argument("--tables", action="store_true", help="of the figures kept, without measuring")
    parser.add_argument("--no-docs", action="store_true", help="print the tables only")
    chosen = parser.parse_args()
    kept = BASE_DIR / "var" / "bench" / "matching.json"
    if not chosen.tables:
        kept.parent.mkdir(parents=True, exist_ok=True)
        for results in run(Plan.from_environment()):
            kept.write_text(json.dumps(results, indent=1), encoding="utf-8")
    results = json.loads(kept.read_text(encoding="utf-8"))
    print(tables.markdown(results))
    if not chosen.no_docs:
        tables.write(BASE_DIR / "docs" / "matching.md", results)


if __name__ == "__main__":
    main()

"""``make bench``: every number that the documents quote, measured in one run, each beside its baseline."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys

CLAIMS = (
    "pages",
    "search",
    "province",
    "scope",
    "matching",
    "defects",
    "register_import",
    "batch",
    "bank",
    "field",
)
ON_REQUEST = ("fuzz", "scaling")  # quoted by no document, and long


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("only", nargs="*", choices=[*CLAIMS, *ON_REQUEST, []], help="measure only these")
    chosen = parser.parse_args().only or CLAIMS
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from bench import (
        bank,
        batch,
        defects,
        field,
        fuzz,
        pages,
        province,
        register_import,
        scaling,
        scope,
        search,
    )
    from bench.matching import chain
    from tests import database

    parts = {
        "pages": pages.measure,
        "search": search.measure,
        "province": province.measure,
        "scope": scope.measure,
        "matching": chain.measure,
        "defects": defects.measure,
        "register_import": register_import.measure,
        "batch": batch.measure,
        "bank": bank.measure,
        "field": field.measure,
        "fuzz": fuzz.measure,
        "scaling": scaling.measure,
    }
    results: dict[str, object] = {"python": platform.python_version(), "cores": os.cpu_count()}
    for name in chosen:
        print(f"measuring {name}", file=sys.stderr)
        clone = f"childwelfare_bench_{name}"
        database.make_clone(clone)
        database.use(clone)
        try:
            results[name] = parts[name]()
        finally:
            database.drop_clone(clone)
    print(json.dumps(results, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()

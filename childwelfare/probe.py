"""Health check of one container: ``python -m childwelfare.probe ADDRESS PART…``.

Asks /healthz of the web server at ADDRESS and ends with 0 when each named part (database, redis, worker,
beat, migrations) is well, else with 1 and a line that says which is not.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request

SECONDS = 8


def failing(address: str, parts: list[str]) -> list[str]:
    """``part: reason`` for each named part that is not well."""
    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/healthz", timeout=SECONDS) as response:  # noqa: S310
            state = json.load(response)
    except urllib.error.HTTPError as error:
        try:
            state = json.loads(error.read())
        except ValueError:
            return [f"web: answers {error.code}"]
    except (OSError, ValueError) as error:
        return [f"web: {error}"]
    return [f"{part}: {state.get(part, 'unknown')}" for part in parts if state.get(part) != "ok"]


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: python -m childwelfare.probe ADDRESS PART...")
    sys.exit("; ".join(failing(sys.argv[1], sys.argv[2:])) or 0)

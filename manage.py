#!/usr/bin/env python3
"""Management commands; a missing piece of the set-up is told in one line."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "childwelfare.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed in this Python: run `make venv`, then .venv/bin/python manage.py.")
    from childwelfare.environment import SetupError

    try:
        execute_from_command_line(sys.argv)
    except SetupError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

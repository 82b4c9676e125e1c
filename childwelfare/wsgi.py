"""The WSGI entry point; it refuses to serve with an unsafe database role or production settings."""

from __future__ import annotations

import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "childwelfare.settings")

GUNICORN_BOOT_ERROR = 3  # exit code that makes gunicorn give up instead of trying again for ever

application = get_wsgi_application()

from childwelfare import checks  # noqa: E402  (the checks need the applications)

if _problems := checks.problems():
    sys.stderr.write("".join(f"Refusing to start: {line}\n" for line in _problems))
    sys.stderr.flush()
    sys.exit(GUNICORN_BOOT_ERROR)

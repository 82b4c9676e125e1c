"""The WSGI entry point; in production it refuses to serve with unsafe settings."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "childwelfare.settings")

application = get_wsgi_application()

"""Settings of the test run: the project's own, on servers and folders of the tests.

Without DATABASE_URL or CHILDWELFARE_HOME the embedded servers run in var/test and stay up between runs;
``make stop`` ends them. TEST_DB_SUFFIX keeps several people's runs apart.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from childwelfare import environment

SUFFIX = os.environ.get("TEST_DB_SUFFIX", "")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")

if "CHILDWELFARE_HOME" not in os.environ:
    os.environ["CHILDWELFARE_HOME"] = str(environment.BASE_DIR / "var" / "test")
os.environ["CHILDWELFARE_REDIS_PREFIX"] = f"test-{SUFFIX}-{WORKER}"
os.environ.pop("CHILDWELFARE_DEBUG", None)
# Tests start dozens of processes; each would compile every module anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from childwelfare import preparation  # noqa: E402  (the folder must be known first)

if not os.environ.get("CHILDWELFARE_SKIP_SERVERS"):
    preparation.start_servers(durable=False)

from childwelfare.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MEDIA_ROOT = Path(tempfile.mkdtemp(prefix=f"childwelfare-test-{WORKER}-"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
# WhiteNoise warns about a missing folder, and warnings are errors here.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405

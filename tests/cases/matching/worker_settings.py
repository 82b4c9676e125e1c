"""Settings of the worker that a test starts: the installation's own, on the files of the test run."""

from __future__ import annotations

import os
from pathlib import Path

from childwelfare.settings import *  # noqa: F403

MEDIA_ROOT = Path(os.environ["CHILDWELFARE_TEST_FILES"])

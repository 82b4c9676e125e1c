"""Applications, entitlements, batches, reports."""

from __future__ import annotations

from tests.access.matrix import Rows

ROWS: Rows = {}

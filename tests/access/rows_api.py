"""The API: everybody signed in may ask; what is out of scope is not there."""

from __future__ import annotations

from tests.access.matrix import Rows

ROWS: Rows = {}

"""Static files named by their content, so that a browser keeps each for ever and an upgrade is seen at once."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage as Named


class StaticFiles(Named):
    """Our own scripts that import scripts name them by their content too; Django's switch for it is for all or none, and
    comments of a vendored script read like imports."""

    patterns = (*Named.patterns, ("js/*.js", Named._js_module_import_aggregation_patterns[1]))

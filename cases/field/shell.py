"""The document that a phone opens without a network, and what its service worker keeps: nothing about anybody.

The files are named by their content (ManifestStaticFilesStorage), and the version is that of the whole: any change of a
script, a style, a word or an icon is a new version, which the phone takes over as soon as it has all of it.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from cases.field.words import words

STYLES = ("css/app.css", "css/field.css")
MODULES = tuple(
    f"js/field/{name}.js"
    for name in (
        "app",
        "conflict",
        "expiry",
        "form",
        "migrate",
        "outbox",
        "outbox_view",
        "phone",
        "roster",
        "store",
        "vault",
        "view",
    )
)
SCRIPTS = ("js/page.js", "js/photos.js", "js/visit_form.js")
WORKERS = ("js/field/worker.js", "js/field/push_worker.js")
MARK = "img/mark.svg"
# Sizes in pixels of the square icons; a maskable one keeps its drawing within the middle 80 %.
ICONS = (
    ("img/icon-192.png", 192, "any"),
    ("img/icon-512.png", 512, "any"),
    ("img/icon-maskable-512.png", 512, "maskable"),
)
COLOUR = "#0e5a66"


def document() -> str:
    """The shell as HTML, in the language that is active; the same for everybody who reads it."""
    return _document(get_language() or "") if not settings.DEBUG else _render()


@lru_cache(maxsize=8)
def _document(language: str) -> str:
    return _render()


def _render() -> str:
    return render_to_string("field/shell.html", {"words": words()})


def kept_files() -> list[str]:
    """Addresses of what the document loads."""
    return [static(name) for name in (*STYLES, *MODULES, *SCRIPTS, MARK)]


def version() -> str:
    """Of the document, in every language, with everything that it loads."""
    documents = []
    for language, _name in settings.LANGUAGES:
        with override(language):
            documents.append(document())
    whole = json.dumps([*documents, *kept_files(), *map(static, WORKERS)])
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def worker() -> str:
    """The service worker: what to keep, the script that keeps it, and the one that shows pushes."""
    shell = {"version": version(), "page": reverse("cases:field"), "files": kept_files()}
    scripts = ", ".join(json.dumps(static(name)) for name in WORKERS)
    return f"self.shell = {json.dumps(shell)};\nimportScripts({scripts});\n"


def manifest() -> dict[str, Any]:
    """What makes the site an app on the home screen (W3C Web Application Manifest)."""
    return {
        "id": reverse("cases:field"),
        "name": _("Childwelfare"),
        "short_name": _("Childwelfare"),
        "description": _("Visits to children, with and without a signal."),
        "lang": get_language(),
        "start_url": reverse("cases:field"),
        "scope": "/",
        "display": "standalone",
        "orientation": "portrait",
        "background_color": "#ffffff",
        "theme_color": COLOUR,
        "icons": [
            {"src": static(name), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
            for name, size, purpose in ICONS
        ],
    }

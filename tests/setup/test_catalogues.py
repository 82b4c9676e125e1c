"""Translations are compiled without gettext's programs."""

from __future__ import annotations

import gettext
import os
from pathlib import Path

import pytest

from childwelfare.catalogues import compile_catalogues
from childwelfare.environment import SetupError

TEXT = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"

msgid "Child"
msgstr "儿童"

#, fuzzy
msgid "Guess"
msgstr "猜"
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "zh_Hans" / "LC_MESSAGES" / "django.po"
    file.parent.mkdir(parents=True)
    file.write_text(TEXT, encoding="utf-8")
    return file


def test_compiled_and_skipped_until_changed(tmp_path: Path, source: Path) -> None:
    target = source.with_suffix(".mo")
    assert compile_catalogues([tmp_path]) == [target]
    with target.open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    assert catalogue.gettext("Child") == "儿童"
    assert catalogue.gettext("Guess") == "Guess"
    assert compile_catalogues([tmp_path]) == []
    os.utime(source, ns=(0, target.stat().st_mtime_ns + 1))
    assert compile_catalogues([tmp_path]) == [target]


def test_broken_catalogue_is_named(tmp_path: Path, source: Path) -> None:
    source.write_text("this is no catalogue\n", encoding="utf-8")
    with pytest.raises(SetupError, match=r"django\.po cannot be read"):
        compile_catalogues([tmp_path])

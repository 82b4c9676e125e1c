"""Variables, secrets in files, and secrets made once."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from childwelfare import environment
from childwelfare.environment import SetupError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHILDWELFARE_HOME", str(tmp_path / "data folder"))
    monkeypatch.delenv("CHILDWELFARE_ENV", raising=False)
    return tmp_path / "data folder"


def test_variable_may_be_given_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret\n", encoding="utf-8")
    monkeypatch.setenv("CW_SAMPLE_FILE", str(file))
    assert environment.variable("CW_SAMPLE") == "s3cret"
    monkeypatch.setenv("CW_SAMPLE", "nearer")
    assert environment.variable("CW_SAMPLE") == "nearer"


def test_unreadable_secret_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CW_SAMPLE_FILE", "/nowhere/password")
    with pytest.raises(SetupError, match=r"CW_SAMPLE_FILE .*/nowhere/password"):
        environment.variable("CW_SAMPLE")


def test_number_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    with pytest.raises(SetupError, match="PORT must be a whole number, not 'eighty'"):
        environment.number("PORT", 8000)


def test_secret_is_made_once_and_private(home: Path) -> None:
    first = environment.secret("CW_SAMPLE", lambda: "made")
    again = environment.secret("CW_SAMPLE", lambda: "made anew")
    file = home / "secrets" / "cw_sample"
    assert (first, again) == ("made", "made")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_given_secret_wins(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CW_SAMPLE", "given")
    assert environment.secret("CW_SAMPLE", lambda: "made") == "given"
    assert not (home / "secrets").exists()


def test_production_makes_no_secret(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHILDWELFARE_ENV", "production")
    assert environment.secret("CW_SAMPLE", lambda: "made") == ""
    assert not home.exists()

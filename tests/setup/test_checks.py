"""Production refuses to start unsafely, and says why in one line each."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import connection

from childwelfare import checks
from tests.setup.conftest import Run

GOOD: dict[str, Any] = {
    "DEBUG": False,
    "SECRET_KEY": "Zk3-vX81qLw0_pYtR7uM5sHj2nB9dF6gC4eA-iTo",
    "CHILDWELFARE_KEYS": f"k1:{base64.b64encode(bytes(range(32))).decode()}",
    "CHILDWELFARE_INDEX_KEY": base64.b64encode(bytes(32)).decode(),
    "ALLOWED_HOSTS": ["children.example"],
}


def lines(settings: Any, **changes: Any) -> list[str]:
    for name, value in (GOOD | changes).items():
        setattr(settings, name, value)
    return [line for _, line in checks.settings_problems()]


def test_good_settings_pass(settings: Any) -> None:
    assert lines(settings) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"DEBUG": True}, "DEBUG is on"),
        ({"SECRET_KEY": ""}, "CHILDWELFARE_SECRET_KEY is missing"),
        ({"SECRET_KEY": "short"}, "CHILDWELFARE_SECRET_KEY is shorter than 40"),
        ({"SECRET_KEY": "a" * 60}, "CHILDWELFARE_SECRET_KEY is shorter than 40"),
        ({"SECRET_KEY": "django-insecure-" + "x1Y2z3A4b5" * 4}, "CHILDWELFARE_SECRET_KEY is a default one"),
        ({"CHILDWELFARE_KEYS": ""}, "CHILDWELFARE_KEYS is missing"),
        ({"CHILDWELFARE_KEYS": "k1:c2hvcnQ="}, "CHILDWELFARE_KEYS is missing or malformed"),
        ({"CHILDWELFARE_KEYS": "not base64"}, "CHILDWELFARE_KEYS is missing or malformed"),
        ({"CHILDWELFARE_INDEX_KEY": ""}, "CHILDWELFARE_INDEX_KEY is missing"),
        ({"ALLOWED_HOSTS": ["*"]}, "CHILDWELFARE_HOSTS must list"),
    ],
)
def test_each_unsafe_setting_is_named_alone(settings: Any, changes: dict[str, Any], named: str) -> None:
    found = lines(settings, **changes)
    assert len(found) == 1
    assert found[0].startswith(named)
    assert "\n" not in found[0]


@pytest.mark.django_db
def test_restricted_role_passes() -> None:
    assert checks.role_problems() == []


@pytest.mark.django_db
def test_demo_account_is_named() -> None:
    assert checks.demo_problems() == []
    user = apps.get_model(django_settings.AUTH_USER_MODEL)
    user._default_manager.create(username="demo", is_demo=True)
    assert [line for _, line in checks.demo_problems()] == [
        "1 demo accounts are in the database: start with an empty one."
    ]


PRODUCTION = {
    "CHILDWELFARE_ENV": "production",
    "CHILDWELFARE_HOSTS": "children.example",
    "CHILDWELFARE_SECRET_KEY": GOOD["SECRET_KEY"],
    "CHILDWELFARE_KEYS": GOOD["CHILDWELFARE_KEYS"],
    "CHILDWELFARE_INDEX_KEY": GOOD["CHILDWELFARE_INDEX_KEY"],
}


def served_url() -> str:
    """Address of the test database as the application role."""
    from childwelfare import connections

    return connections.with_database(connections.addresses().application, connection.settings_dict["NAME"])


@pytest.mark.django_db
def test_production_starts_when_all_is_well(run: Run) -> None:
    done = run("-c", "import childwelfare.wsgi; print('serving')", DATABASE_URL=served_url(), **PRODUCTION)
    assert done.stdout == "serving\n", done.stderr


@pytest.mark.django_db
def test_web_server_refuses_and_names_everything(run: Run, scratch: str, tmp_path: Path) -> None:
    unsafe = PRODUCTION | {
        "CHILDWELFARE_DEBUG": "1",
        "CHILDWELFARE_SECRET_KEY": secrets.token_hex(4),
        "CHILDWELFARE_KEYS": "",
        "CHILDWELFARE_HOME": str(tmp_path),
        "DATABASE_URL": scratch,
        "DATABASE_OWNER_URL": scratch,
    }
    done = run("-c", "import childwelfare.wsgi; print('serving')", **unsafe)
    assert done.returncode == 3
    assert "serving" not in done.stdout
    refused = [line for line in done.stderr.splitlines() if line.startswith("Refusing to start: ")]
    for named in (
        "DEBUG is on",
        "CHILDWELFARE_SECRET_KEY",
        "CHILDWELFARE_KEYS",
        "owns the tables",
        "not migrated",
    ):
        assert any(named in line for line in refused), (named, done.stderr)
    assert "Traceback" not in done.stderr


@pytest.mark.django_db
@pytest.mark.parametrize("part", [("worker", "--pool", "solo"), ("beat", "--pidfile", "")])
def test_worker_and_beat_refuse_too(run: Run, part: tuple[str, ...]) -> None:
    unsafe = PRODUCTION | {"DATABASE_URL": served_url(), "CHILDWELFARE_DEBUG": "1"}
    done = run("-m", "celery", "-A", "childwelfare", "--quiet", *part, **unsafe)
    assert done.returncode == 3, done.stderr
    assert "Refusing to start: DEBUG is on: unset CHILDWELFARE_DEBUG." in done.stderr


@pytest.mark.django_db
def test_an_owner_may_not_serve_outside_production_either(run: Run, scratch: str, tmp_path: Path) -> None:
    given = {"DATABASE_URL": scratch, "DATABASE_OWNER_URL": scratch, "CHILDWELFARE_HOME": str(tmp_path)}
    done = run("-c", "import childwelfare.wsgi", **given)
    assert done.returncode == 3
    assert "must name the restricted role" in done.stderr


@pytest.mark.django_db
def test_deploy_check_names_them(run: Run) -> None:
    unsafe = PRODUCTION | {"DATABASE_URL": served_url(), "CHILDWELFARE_DEBUG": "1"}
    done = run("manage.py", "check", "--deploy", "--database", "default", **unsafe)
    assert done.returncode != 0
    assert "childwelfare.E001" in done.stderr

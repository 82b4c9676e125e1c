"""The house itself: who may import whom, and rules every module keeps."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from childwelfare.environment import BASE_DIR

APPS = ("staff", "cases", "referrals", "subsidies")
ALLOWED = {
    "staff": set(),
    "cases": {"staff"},
    "referrals": {"staff", "cases"},
    "subsidies": {"staff", "cases"},
}
PURE = [
    "cases/identity.py",
    "cases/eligibility/decision.py",
    "cases/eligibility/table.py",
    "cases/eligibility/absences.py",
    "cases/eligibility/disability.py",
    "cases/visits/rules.py",
    "subsidies/reckoning/rules.py",
    "cases/matching/engine/normalise.py",
]
IMPURE = {"connection", "transaction", "timezone", "models.Model"}  # the ORM and the clock


def modules(app: str) -> Iterator[Path]:
    yield from (p for p in (BASE_DIR / app).rglob("*.py") if "migrations" not in p.parts)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("app", APPS)
def test_imports_follow_the_arrows(app: str) -> None:
    wrong = [
        f"{path.relative_to(BASE_DIR)} imports {name}"
        for path in modules(app)
        for name in imports(path)
        if (root := name.split(".")[0]) in {*APPS, "childwelfare", "tests"} - {app}
        and root not in ALLOWED[app]
    ]
    assert wrong == []


@pytest.mark.parametrize("name", PURE)
def test_rules_are_pure(name: str) -> None:
    assert [found for found in imports(BASE_DIR / name) if ".models" in found.removeprefix("django.db")] == []
    tree = ast.parse((BASE_DIR / name).read_text(encoding="utf-8"))
    names = {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert not IMPURE & names


def test_no_module_has_a_second_subject() -> None:
    long = {
        str(path.relative_to(BASE_DIR)): lines
        for app in (*APPS, "childwelfare")
        for path in modules(app)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


def test_no_file_is_called_utils() -> None:
    assert [
        p
        for app in (*APPS, "childwelfare")
        for p in modules(app)
        if p.stem in {"utils", "helpers", "common", "misc"}
    ] == []


def test_nothing_is_swallowed() -> None:
    """No ``except: pass``: an error is handled, told or raised."""
    silent = [
        f"{path.relative_to(BASE_DIR)}:{node.lineno}"
        for app in (*APPS, "childwelfare")
        for path in modules(app)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler) and all(isinstance(s, ast.Pass) for s in node.body)
    ]
    assert silent == []


def test_every_scheduled_task_exists() -> None:
    from django.conf import settings

    from childwelfare.celery import celery_app

    celery_app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} - set(
        celery_app.tasks
    ) == set()


def test_every_foreign_key_says_what_deletion_means() -> None:
    """People's data is protected or cascades from its owner on purpose; SET_NULL is named here."""
    from django.apps import apps
    from django.db import models

    nulling = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in APPS
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey) and field.remote_field.on_delete is models.SET_NULL
    }
    assert nulling <= {
        f"cases.{model}{event}.list_row"
        for model in ("Discrepancy", "PotentialChild")
        for event in ("", "Event")
    }

"""The compose file: valid by the Compose Specification's schema, and complete for production.

No container engine runs here; the schema is the specification's own (compose_spec/, with its licence).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from childwelfare import environment

ROOT = environment.BASE_DIR
APPLICATION = ("migrate", "web", "worker", "beat")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8")))


def test_schema_accepts_it(compose: dict[str, Any]) -> None:
    schema = json.loads((Path(__file__).parent / "compose_spec" / "schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(compose, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(compose | {"services": {"web": {"imagge": "x"}}}, schema)


def test_every_part_is_there_with_a_health_check(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"postgres", "redis", *APPLICATION}
    for name, service in compose["services"].items():
        assert ("healthcheck" in service) is (name != "migrate"), name


def test_secrets_come_by_file_and_are_declared(compose: dict[str, Any]) -> None:
    used = set()
    for service in compose["services"].values():
        used |= set(service.get("secrets", []))
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY|DATABASE|REDIS", name):
                assert name.endswith("_FILE"), name
                assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert used == set(compose["secrets"])
    assert all(set(secret) == {"file"} for secret in compose["secrets"].values())


def test_only_the_migrate_step_knows_the_owner(compose: dict[str, Any]) -> None:
    holders = [
        name
        for name, service in compose["services"].items()
        if "database_owner_url" in service.get("secrets", [])
    ]
    assert holders == ["migrate"]


def test_nothing_serves_before_the_migration(compose: dict[str, Any]) -> None:
    for name in ("web", "worker", "beat"):
        after = compose["services"][name]["depends_on"]
        assert after["migrate"] == {"condition": "service_completed_successfully"}
        assert compose["services"][name]["environment"]["CHILDWELFARE_ENV"] == "production"


def test_data_outlives_the_containers(compose: dict[str, Any]) -> None:
    mounted = {
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
    }
    assert mounted == set(compose["volumes"]) == {"postgres", "redis", "files"}


def test_database_is_not_reachable_from_outside(compose: dict[str, Any]) -> None:
    assert compose["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "redis"):
        assert compose["services"][name]["networks"] == ["inside"]
        assert "ports" not in compose["services"][name]


def test_commands_exist(compose: dict[str, Any]) -> None:
    for name in APPLICATION:
        words = [str(word) for word in compose["services"][name].get("command", [])]
        for word in words:
            if word.endswith(".py"):
                assert (ROOT / word).exists()
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for source in re.findall(r"^COPY (\S+)", dockerfile, re.MULTILINE):
        assert (ROOT / source).exists(), source
    assert "--require-hashes" in dockerfile
    assert re.search(r"^USER childwelfare$", dockerfile, re.MULTILINE)

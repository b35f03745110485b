"""The production shape: docker-compose.yml is checked as data, because no container runs here."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PORTAL = {"web", "worker", "beat", "migrate"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


def test_the_services_are_those_of_the_production_shape(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == PORTAL | {"postgres", "redis"}


def test_every_service_but_the_one_shot_says_whether_it_is_well(compose: dict[str, Any]) -> None:
    assert {name for name, service in compose["services"].items() if "healthcheck" not in service} == {
        "migrate"
    }


def test_whatever_uses_the_tables_waits_for_migrate(compose: dict[str, Any]) -> None:
    for name in PORTAL - {"migrate"}:
        waits = compose["services"][name]["depends_on"]
        assert waits["migrate"] == {"condition": "service_completed_successfully"}


def test_workers_can_be_scaled(compose: dict[str, Any]) -> None:
    assert not {"ports", "container_name"} & set(compose["services"]["worker"])


def test_every_volume_in_use_is_declared(compose: dict[str, Any]) -> None:
    used = {
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
    }
    assert used == set(compose["volumes"])


def test_no_secret_is_written_down(compose: dict[str, Any]) -> None:
    environment = compose["services"]["web"]["environment"]
    assert environment["SECRET_KEY"].startswith("${SECRET_KEY:?")
    assert "${POSTGRES_PASSWORD:?" in environment["DATABASE_URL"]


def test_the_image_is_built_from_what_the_context_holds() -> None:
    ignored = set((ROOT / ".dockerignore").read_text().split())
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY requirements"):
            assert not {"requirements", "requirements/base.txt"} & ignored

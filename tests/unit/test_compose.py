import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from mainspring.config.settings import Settings

COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    """Read the services, by name."""
    content = YAML(typ="safe").load(COMPOSE.read_text())
    return dict(content["services"])


def test_nothing_is_published_beyond_this_machine(services: dict[str, dict[str, Any]]) -> None:
    """Neither Temporal nor its page asks for a password, so neither listens on a network."""
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert [] == [port for port in published if not str(port).startswith("127.0.0.1:")]


def test_every_service_is_checked_or_ends_by_itself(services: dict[str, dict[str, Any]]) -> None:
    """What hangs is noticed."""
    awaited_jobs = {
        name
        for service in services.values()
        for name, dependency in service.get("depends_on", {}).items()
        if dependency["condition"] == "service_completed_successfully"
    }
    checked = {name for name, service in services.items() if "test" in service.get("healthcheck", {})}
    assert set(services) == awaited_jobs | checked
    assert set() == awaited_jobs & checked


def test_the_worker_can_be_scaled(services: dict[str, dict[str, Any]]) -> None:
    """Nothing of a worker exists only once."""
    assert set() == {"container_name", "ports", "hostname"} & set(services["worker"])


def test_every_setting_that_is_passed_on_exists() -> None:
    """A setting that was renamed is not passed on in vain."""
    named = set(re.findall(r"MAINSPRING_\w+", COMPOSE.read_text()))
    assert named <= set(Settings.variables())


def test_a_missing_secret_stops_the_start() -> None:
    """There is no default password."""
    secrets = re.findall(r"\$\{(\w*(?:PASSWORD|ENCRYPTION_KEY))(.*?)\}", COMPOSE.read_text())
    assert {"POSTGRES_PASSWORD", "MAINSPRING_ENCRYPTION_KEY"} == {name for name, _ in secrets}
    assert {":?"} == {rest for _, rest in secrets}

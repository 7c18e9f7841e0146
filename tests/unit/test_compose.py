import json
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from mainspring.config.settings import Settings
from mainspring.devserver.command import DYNAMIC_CONFIG
from mainspring.devserver.ports import CLOSED_TO_BROWSERS

COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"

# Settings of the embedded Temporal, which the cluster form has not.
EMBEDDED_ONLY = {"MAINSPRING_ENGINE_PORT", "MAINSPRING_UI_PORT"}
# Settings that are the same in every cluster form, or that it does not start without.
FIXED = {
    "MAINSPRING_API_HOST",
    "MAINSPRING_STATE_DIR",
    "MAINSPRING_DATABASE_URL",
    "MAINSPRING_ENCRYPTION_KEY",
    "MAINSPRING_LOG_FORMAT",
}


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    """Read the services, by name."""
    content = YAML(typ="safe").load(COMPOSE.read_text())
    return dict(content["services"])


def test_nothing_is_published_beyond_this_machine(services: dict[str, dict[str, Any]]) -> None:
    """Neither Temporal nor its page asks for a password, and the API speaks no TLS."""
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


@pytest.mark.parametrize("name", ["worker", "migrate", "api"])
def test_every_setting_is_passed_on_and_nothing_else(services: dict[str, dict[str, Any]], name: str) -> None:
    """A new setting works in the cluster form as well, and one that was renamed is not passed on in vain."""
    passed = {each for each in services[name]["environment"] if not each.startswith("TEMPORAL_")}
    assert set(Settings.variables()) - EMBEDDED_ONLY == passed


@pytest.mark.parametrize("name", ["worker", "migrate", "api"])
def test_a_setting_is_passed_on_as_it_is_set(services: dict[str, dict[str, Any]], name: str) -> None:
    """A mail server in `.env` is the workers' mail server. What is not set keeps its default."""
    passed = services[name]["environment"]
    own = {
        each: value
        for each, value in passed.items()
        if each not in FIXED and not each.startswith("TEMPORAL_")
    }
    assert {each: f"${{{each}:-}}" for each in own} == own


def test_every_image_is_named_by_its_digest(services: dict[str, dict[str, Any]]) -> None:
    """What is run is what was tried, whoever moves a tag."""
    images = [service["image"] for service in services.values() if "build" not in service]
    base = re.findall(r"^FROM (\S+)", (COMPOSE.parent / "Dockerfile").read_text(), re.MULTILINE)
    assert images
    assert base
    assert [] == [image for image in images + base if not re.search(r":[\w.-]+@sha256:[0-9a-f]{64}$", image)]


def test_no_container_can_change_itself_or_become_root(services: dict[str, dict[str, Any]]) -> None:
    """What breaks into a container finds no capability, no way to gain one, and only data to write to."""
    wanted = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}
    for name, service in services.items():
        assert (name, wanted) == (name, {each: service.get(each) for each in wanted})
        assert not {"privileged", "cap_add", "pid", "network_mode", "userns_mode"} & set(service)
        assert any(each.startswith("/tmp") for each in service["tmpfs"])


def test_each_service_has_a_role_of_the_database_of_its_own(services: dict[str, dict[str, Any]]) -> None:
    """The workers and the API cannot change the schema, and Temporal sees its own databases only."""
    text = {name: str(service.get("environment", {})) for name, service in services.items()}
    holders = {
        password: {name for name, environment in text.items() if f"${{POSTGRES_{password}:?}}" in environment}
        for password in ("PASSWORD", "MIGRATOR_PASSWORD", "SERVICE_PASSWORD", "TEMPORAL_PASSWORD")
    }
    assert {
        "PASSWORD": {"postgres", "postgres-roles"},
        "MIGRATOR_PASSWORD": {"postgres-roles", "migrate"},
        "SERVICE_PASSWORD": {"postgres-roles", "worker", "api"},
        "TEMPORAL_PASSWORD": {"postgres-roles", "temporal-schema", "temporal"},
    } == holders
    assert "//mainspring_migrator:$" in text["migrate"]
    assert "//mainspring_service:$" in text["worker"]
    assert "//mainspring_service:$" in text["api"]


def test_the_web_page_is_reached_through_its_door_only(services: dict[str, dict[str, Any]]) -> None:
    """A page of a foreign site reaches neither the web page nor Temporal's HTTP API."""
    assert "ports" not in services["temporal-ui"]
    port = int(services["temporal-ui"]["environment"]["TEMPORAL_UI_PORT"])
    assert port in CLOSED_TO_BROWSERS
    assert f"temporal-ui:{port}" == services["temporal-ui-door"]["command"][-1]
    dynamic = YAML(typ="safe").load((COMPOSE.parent / "docker" / "temporal-dynamic-config.yaml").read_text())
    assert {name: json.dumps(values[0]["value"]) for name, values in dynamic.items()} == DYNAMIC_CONFIG


def test_a_missing_secret_stops_the_start() -> None:
    """There is no default password."""
    secrets = re.findall(r"\$\{(POSTGRES_\w+|MAINSPRING_ENCRYPTION_KEY\b)(.*?)\}", COMPOSE.read_text())
    assert {
        "POSTGRES_PASSWORD",
        "POSTGRES_MIGRATOR_PASSWORD",
        "POSTGRES_SERVICE_PASSWORD",
        "POSTGRES_TEMPORAL_PASSWORD",
        "MAINSPRING_ENCRYPTION_KEY",
    } == {name for name, _ in secrets}
    assert {":?"} == {rest for _, rest in secrets}

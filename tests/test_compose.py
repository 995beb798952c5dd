"""The compose file is valid, publishes one port to this machine, and holds no secret."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

ROOT = Path(__file__).parents[1]
COMPOSE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(msgspec.yaml.decode(COMPOSE.read_bytes())["services"])


def check(path: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        f"{path}",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_compose_file_is_valid() -> None:
    checked = check(COMPOSE)

    assert checked.returncode == 0, checked.stdout


def test_a_misspelt_key_is_seen(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(COMPOSE.read_text().replace("image:", "imag:"))

    assert "'imag' was unexpected" in check(broken).stdout


def test_only_the_service_is_published_and_only_to_this_machine(services: dict[str, Any]) -> None:
    published = {name: service.get("ports", []) for name, service in services.items()}

    assert published == {"database": [], "service": ["127.0.0.1:8000:8000"]}


def test_every_password_comes_from_outside_and_has_no_default(services: dict[str, Any]) -> None:
    passwords = [
        value
        for service in services.values()
        for name, value in service["environment"].items()
        if "PASSWORD" in name
    ]

    assert len(passwords) == 2
    assert all(value.startswith("${TIEOUT_DATABASE_PASSWORD:?") for value in passwords)
    address = services["service"]["environment"]["TIEOUT_DATABASE_URL"]
    assert address == "postgresql://tieout@database:5432/tieout"


def test_the_service_waits_for_a_healthy_database(services: dict[str, Any]) -> None:
    assert services["service"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert all("healthcheck" in service for service in services.values())


def test_the_image_is_built_from_hashed_requirements() -> None:
    recipe = (ROOT / "Dockerfile").read_text()

    assert "--require-hashes" in recipe
    assert "\nUSER tieout\n" in recipe


def test_the_requirements_name_no_address_and_every_pin_has_a_hash() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text()
        pins = text.replace("\\\n", "").splitlines()

        assert "://" not in text, path.name
        assert not [line for line in pins if line.startswith("-")], path.name
        assert not [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin], (
            path.name
        )

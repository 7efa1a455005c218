"""The Compose file of one machine."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
import yaml

from infra.outputs import compose
from infra.plan import Plan
from tests.unit.infra.outputs.samples import changed, references, schema
from tests.unit.infra.recorder import DIGEST, STACKS, stack_plan

SCHEMA = schema("compose-spec.json")


def document(plan: Plan) -> dict[str, Any]:
    """As it comes out of the file."""
    found: dict[str, Any] = yaml.safe_load(compose.files(plan, references(plan))["compose.yaml"])
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_the_file_is_as_the_specification_says(stack: str) -> None:
    """By its own schema, which knows every field."""
    jsonschema.Draft202012Validator(SCHEMA).validate(document(stack_plan(stack)))


def test_the_schema_refuses_what_is_wrong() -> None:
    """Else its silence would mean nothing."""
    found = document(stack_plan("prod"))
    found["services"]["legal"]["read_olny"] = True
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(found)


@pytest.mark.parametrize("stack", STACKS)
def test_every_service_is_fenced(stack: str) -> None:
    """Nobody's user, no capability, no new privilege, nothing to write but /tmp and its volume, bounded logs."""
    for service in document(stack_plan(stack))["services"].values():
        assert service["user"] == "65534:65534"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["image"].endswith(f"@{DIGEST}")
        assert "memory" in service["deploy"]["resources"]["limits"]
        assert service["logging"]["options"]["max-size"]


def test_a_server_waits_until_its_weights_are_there() -> None:
    """The one that fetches them writes the volume and ends; the server reads it, on another network."""
    services = document(stack_plan("prod"))["services"]
    fetch, server = services["legal-weights"], services["legal"]
    assert server["depends_on"] == {"legal-weights": {"condition": "service_completed_successfully"}}
    assert fetch["volumes"][0]["source"] == server["volumes"][0]["source"]
    assert (fetch["volumes"][0]["read_only"], server["volumes"][0]["read_only"]) == (False, True)
    assert fetch["networks"] != server["networks"]
    assert (fetch["restart"], server["restart"]) == ("on-failure:3", "unless-stopped")
    assert "ports" not in fetch


def test_each_model_has_a_port_of_this_machine_alone() -> None:
    """From the stack's on, in the order of the models; other machines can't reach it unless the stack says so."""
    services = document(changed("prod", docker={"port": 9000}))["services"]
    ports = [each["ports"][0] for each in services.values() if "ports" in each]
    assert [each["published"] for each in ports] == [str(9000 + index) for index in range(7)]
    assert {each["host_ip"] for each in ports} == {"127.0.0.1"}


def test_a_model_on_gpus_asks_for_them() -> None:
    """By count, from NVIDIA's driver; others ask for none."""
    services = document(stack_plan("prod"))["services"]
    devices = services["gpt-oss"]["deploy"]["resources"]["reservations"]["devices"]
    assert devices == [{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}]
    assert "devices" not in document(stack_plan("staging"))["services"]["legal"]["deploy"]["resources"]["reservations"]


def test_cublas_is_mounted_where_it_is_needed_and_on_a_volume() -> None:
    """From the folder of its image, at the place that the server is told."""
    cublas = {"registry": "registry.example.com", "cublas": "volume"}
    services = document(changed("prod", image=cublas, cluster={"context": "a", "version": "1.36"}))["services"]
    [mount] = [each for each in services["gpt-oss"]["volumes"] if each["type"] == "image"]
    assert mount["source"].startswith("registry.example.com/slipway/serve-cublas:prod@")
    assert (mount["target"], mount["image"], mount["read_only"]) == (
        services["gpt-oss"]["environment"]["SLIPWAY_CUBLAS"],
        {"subpath": "cublas"},
        True,
    )
    assert [each["type"] for each in services["qwen2-5-32b"]["volumes"]] == ["volume"]


def test_weights_of_a_package_are_mounted_from_their_image() -> None:
    """Read-only, for the container that copies them."""
    mounts = document(stack_plan("local"))["services"]["gemma-3-270m-weights"]["volumes"]
    assert [(each["type"], each["target"], each["read_only"]) for each in mounts] == [
        ("volume", "/models", False),
        ("image", "/source", True),
    ]


def test_a_token_for_the_hub_is_read_from_a_file() -> None:
    """Its value is in no variable and not in the file that is rendered."""
    found = document(changed("prod", secrets={"use": ["hub-token"]}))
    assert found["secrets"] == {"hub-token": {"file": "./secrets/hub-token"}}
    fetch = found["services"]["legal-weights"]
    assert fetch["secrets"] == ["hub-token"]
    assert fetch["environment"]["HF_TOKEN_PATH"] == "/run/secrets/hub-token"
    assert "secrets" not in found["services"]["legal"]


def test_keys_that_the_stack_asks_for_are_asked_for_here_too() -> None:
    """Left out, everybody on the machine could use the models."""
    service = document(changed("prod", secrets={"use": ["api-keys"]}))["services"]["legal"]
    assert service["secrets"] == ["api-keys"]
    assert service["environment"]["SLIPWAY_API_KEYS_FILE"] == "/run/secrets/api-keys"


def test_a_dollar_stays_a_dollar() -> None:
    """Compose would put a variable in its place: two stand for one."""
    service = document(stack_plan("local"))["services"]["gemma-3-270m"]
    text = service["environment"]["SLIPWAY_MODELS_JSON"]
    assert not re.search(r"(?<!\$)\$(?!\$)", text)
    assert json.loads(text.replace("$$", "$"))["models"][0]["id"] == "gemma-3-270m"
    assert compose._plain({"a": ["$HOME", 1]}) == {"a": ["$$HOME", 1]}

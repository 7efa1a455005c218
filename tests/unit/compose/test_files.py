"""The Compose files: what the specification allows, fenced, nothing open, and the catalog's models."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import jsonschema
import pytest
import yaml

from infra.catalog.load import load_catalog
from infra.units import parse_bytes
from tests.unit.compose import files
from tests.unit.infra.outputs.samples import schema
from tests.unit.infra.recorder import ROOT

SCHEMA = jsonschema.Draft202012Validator(schema("compose-spec.json"))
SERVICES = [pytest.param(service, id=f"{file}:{name}") for file, name, service in files.services()]
MODELS = sorted(name for name in files.read("models.yml")["services"] if not name.endswith("-weights"))
FROM_CATALOG = {
    "qwen-small": ("qwen2-5-32b", "small"),
    "qwen-full": ("qwen2-5-32b", "full"),
    "llama-small": ("llama-3-70b", "small"),
    "llama-full": ("llama-3-70b", "full"),
    "mistral-small": ("legal", "full"),
    "gpt-oss-small": ("gpt-oss", "small"),
}
"""The catalog has no Phi, and Gemma's base model from another place."""


@pytest.mark.parametrize("name", files.names())
def test_a_file_is_as_the_specification_says(name: str) -> None:
    """By its own schema, which knows every field. It takes numbers for numbers: variables stand for text here."""
    SCHEMA.validate(files.read(name))


def test_the_seeds_names_are_there() -> None:
    """And a file for each family of models, all of which are in the file of everything."""
    wanted = {f"docker-compose.{name}.yml" for name in ("chat-interface", "inference", "all", *files.FAMILIES)}
    assert wanted <= set(files.names())
    included = {f"docker-compose.{name}.yml" for name in ("chat-interface", *files.FAMILIES)}
    assert set(files.read("docker-compose.all.yml")["include"]) == included


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_fenced(service: dict[str, Any]) -> None:
    """Nobody's user, no capability, no new privilege, nothing to write but /tmp and volumes, bounds on all it takes."""
    assert service["user"] == "65534:65534"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert service["tmpfs"] == ["/tmp:size=64m,mode=1777"]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
    assert service["restart"] in ("unless-stopped", "on-failure:3")
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices"} & service.keys()


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_published_is_published_to_this_machine_alone(service: dict[str, Any]) -> None:
    """Unless .env says otherwise, and of the models nothing is."""
    ports = service.get("ports", [])
    assert all(port["host_ip"] in ("127.0.0.1", "${CHAT_BIND:-127.0.0.1}") for port in ports)
    if service["networks"] == ["models"]:
        assert ports == []


def test_models_have_no_way_out() -> None:
    """Their network is internal, and they are on no other."""
    assert files.read("shared.yml")["networks"]["models"] == {"internal": True}
    for family in files.FAMILIES:
        assert files.whole(f"docker-compose.{family}.yml", family)["networks"] == ["models"]


@pytest.mark.parametrize("family", files.FAMILIES)
def test_a_model_starts_when_its_weights_are_there(family: str) -> None:
    """The one that fetches them writes the volume and ends; the server reads it and writes to one of its own."""
    file = f"docker-compose.{family}.yml"
    server, weights = files.whole(file, family), files.whole(file, f"{family}-weights")
    assert server["depends_on"] == {f"{family}-weights": {"condition": "service_completed_successfully"}}
    assert weights["volumes"] == ["models:/models"]
    assert server["volumes"] == [f"{family}-state:/opt/slipway"]
    assert files.read("service.yml")["services"]["cpu"]["volumes"] == ["models:/models:ro"]
    assert f"{family}-state" in files.read(file)["volumes"]


def test_the_sidecars_wait_for_an_answer_and_are_asked_for() -> None:
    """No tunnel and no monitor by default; both after the chat interface is healthy."""
    found = files.read("docker-compose.chat-interface.yml")["services"]
    assert (found["cloudflared"]["profiles"], found["health-monitor"]["profiles"]) == (["tunnel"], ["monitor"])
    for name in ("cloudflared", "health-monitor"):
        assert found[name]["depends_on"] == {"chat": {"condition": "service_healthy"}}


def test_the_chat_interface_looks_for_every_model() -> None:
    """Whichever families are started, in whatever order."""
    told = files.read("docker-compose.chat-interface.yml")["services"]["chat"]["environment"]["SLIPWAY_SERVERS"]
    assert set(re.findall(r"http://([a-z-]+):8000", told)) == {*files.FAMILIES, "inference"}


@pytest.mark.parametrize("service", SERVICES)
def test_secrets_are_files(service: dict[str, Any]) -> None:
    """In no variable, where every child process and `docker inspect` would have them."""
    secrets = [name for name in service.get("environment", {}) if re.search("TOKEN|KEY|SECRET|PASSWORD", name)]
    assert all(re.search("(_FILE|_PATH)$", name) for name in secrets)
    told = " ".join(str(value) for value in service.get("environment", {}).values())
    if "MONITOR_WEBHOOK_URL_FILE" in service.get("environment", {}):
        assert "webhook-url" in service["secrets"]
    for name in re.findall(r"/run/secrets/([a-z-]+)", told):
        assert name in service["secrets"]
    assert set(service.get("secrets", [])) <= files.read("shared.yml")["secrets"].keys()


@pytest.mark.parametrize("hardware", ["cpu", "gpu"])
def test_one_setting_gives_models_gpus(hardware: str) -> None:
    """The CUDA image, a device, and no start without one; or none of these."""
    service = files.whole("docker-compose.qwen.yml", "qwen", SLIPWAY_HARDWARE=hardware)
    devices = service["deploy"]["resources"].get("reservations", {}).get("devices")
    found = (service["environment"]["SLIPWAY_GPU"], "cuda" in service["image"], devices)
    gpu = [{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}]
    assert found == {"cpu": ("off", False, None), "gpu": ("required", True, gpu)}[hardware]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_serves_the_file_that_is_fetched(name: str) -> None:
    """By name, with a checksum."""
    entry = json.loads(files.whole("models.yml", name)["environment"]["SLIPWAY_MODELS_JSON"])["models"][0]
    command = shlex.split(files.whole("models.yml", f"{name}-weights")["command"])
    told = dict(zip(command[1::2], command[2::2], strict=True))
    assert command[0] == "pull"
    assert told["--file"] == entry["file"]
    assert re.fullmatch("[0-9a-f]{64}", told["--sha256"])


@pytest.mark.parametrize("name", FROM_CATALOG)
def test_a_model_is_the_catalogs(name: str) -> None:
    """The same file to the byte, with slots, context and memory that are proven to fit."""
    id_, size = FROM_CATALOG[name]
    entry = yaml.safe_load((ROOT / "infra/catalog/models.yaml").read_text(encoding="utf-8"))[id_][size]
    lock = yaml.safe_load((ROOT / "infra/catalog/lock.yaml").read_text(encoding="utf-8"))
    service = files.whole("models.yml", name)
    command = files.whole("models.yml", f"{name}-weights")["command"]
    hub = entry["source"]["hub"]
    sha256 = lock[f"{hub['repo']}/{entry['source']['file']}"]["sha256"]
    for part in (hub["repo"], hub["revision"], entry["source"]["file"], sha256):
        assert part in shlex.split(command)
    model = json.loads(service["environment"]["SLIPWAY_MODELS_JSON"])["models"][0]
    assert (model["num_slots"], model["context_tokens"]) == (entry["num_slots"], entry["context_tokens"])
    memory = service["deploy"]["resources"]["limits"]["memory"].replace("g", "Gi")
    assert parse_bytes(memory) == load_catalog().profiles[entry["profile"]].memory_bytes

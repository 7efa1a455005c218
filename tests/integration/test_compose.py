"""Docker Compose itself reads the files: what it makes of extension, inclusion, profiles and .env. Needs no engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.plugins.control_plane import Binaries
from tests.unit.compose.files import FAMILIES, FOLDER, services

pytestmark = [pytest.mark.plane, pytest.mark.timeout(600)]

ANY_MODEL = "MODEL_REPO=owner/name\nMODEL_FILE=any.gguf\n"


def config(folder: Path, name: str, *options: str, env: str = "") -> subprocess.CompletedProcess[str]:
    """`docker compose config` of a copy of the folder with this .env, and nothing of this machine's environment."""
    copied = folder / "compose"
    shutil.copytree(FOLDER, copied, ignore=shutil.ignore_patterns(".env", "secrets", "__pycache__"), dirs_exist_ok=True)
    (copied / ".env").write_text(env)
    program = Binaries.read(os.environ).path("docker-compose")
    argv = [program, "-f", str(copied / name), *options, "config", "--format=json"]
    return subprocess.run(argv, env={"HOME": str(folder)}, capture_output=True, text=True, check=False)


def found(folder: Path, name: str, *options: str, env: str = "") -> dict[str, Any]:
    """What Compose would start."""
    done = config(folder, name, *options, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    whole: dict[str, Any] = json.loads(done.stdout)
    return whole


@pytest.mark.parametrize("name", sorted({file for file, _, _ in services()} | {"docker-compose.all.yml"}))
def test_compose_takes_every_file_by_itself(name: str, tmp_path: Path) -> None:
    """Without a warning, with the example as .env and every profile: each file has what it needs."""
    example = (FOLDER / ".env.example").read_text(encoding="utf-8")
    whole = found(tmp_path, name, "--profile=*", env=example + ANY_MODEL)
    assert whole["name"] == "slipway"
    for service in whole["services"].values():
        assert (service["user"], service["read_only"], service["cap_drop"]) == ("65534:65534", True, ["ALL"])


def test_compose_makes_the_same_of_the_files_as_our_tests_do(tmp_path: Path) -> None:
    """The unit tests read extension by a few lines of their own: they must not dream."""
    whole = found(tmp_path, "docker-compose.all.yml", "--profile=*")["services"]
    read = {name: service for file, name, service in services() if file != "docker-compose.inference.yml"}
    assert whole.keys() == read.keys()
    for name, service in read.items():
        assert set(whole[name]["networks"]) == set(service["networks"]), name
        assert set(whole[name].get("environment", {})) == set(service.get("environment", {})), name
        assert [each["source"] for each in whole[name].get("secrets", [])] == service.get("secrets", []), name


def test_everything_is_both_weights_and_server_of_each_family_and_the_chat_interface(tmp_path: Path) -> None:
    """Sidecars only by profile."""
    wanted = {"chat", *FAMILIES, *(f"{family}-weights" for family in FAMILIES)}
    assert found(tmp_path, "docker-compose.all.yml")["services"].keys() == wanted
    profiles = "COMPOSE_PROFILES=tunnel,monitor\n"
    more = found(tmp_path, "docker-compose.all.yml", env=profiles)["services"].keys()
    assert more - wanted == {"cloudflared", "health-monitor"}


def test_a_size_and_gpus_are_two_lines_of_env(tmp_path: Path) -> None:
    """The other file, the other image, a device; a volume that the server may only read, and one that it may write."""
    env = "SLIPWAY_HARDWARE=gpu\nQWEN_SIZE=full\n"
    whole = found(tmp_path, "docker-compose.qwen.yml", env=env)["services"]
    qwen = whole["qwen"]
    assert "Qwen2.5-32B-Instruct-Q4_K_M.gguf" in whole["qwen-weights"]["command"]
    assert json.loads(qwen["environment"]["SLIPWAY_MODELS_JSON"])["models"][0]["id"] == "qwen2.5-32b"
    assert (qwen["image"], qwen["environment"]["SLIPWAY_GPU"]) == ("slipway-serve:cuda", "required")
    assert qwen["deploy"]["resources"]["reservations"]["devices"][0]["driver"] == "nvidia"
    assert [(each["source"], each.get("read_only", False)) for each in qwen["volumes"]] == [
        ("models", True),
        ("qwen-state", False),
    ]


def test_any_model_needs_its_repository_and_its_file(tmp_path: Path) -> None:
    """One line says which setting; a checksum is asked for only where there is one."""
    refused = config(tmp_path, "docker-compose.inference.yml")
    assert refused.returncode != 0
    assert "MODEL_REPO in .env is empty" in refused.stderr
    plain = found(tmp_path, "docker-compose.inference.yml", env=ANY_MODEL)["services"]
    assert plain["inference-weights"]["command"][-2:] == ["--file", "any.gguf"]
    checked = found(tmp_path, "docker-compose.inference.yml", env=f"{ANY_MODEL}MODEL_SHA256=abc\n")["services"]
    assert checked["inference-weights"]["command"][-2:] == ["--sha256", "abc"]


def test_images_are_made_of_this_repositorys_dockerfiles(tmp_path: Path) -> None:
    """The CUDA image only where it is asked for: it takes an hour."""
    whole = found(tmp_path, "docker-compose.build.yml")["services"]
    assert whole.keys() == {"serve", "health-monitor", "cloudflared"}
    assert {each["build"].get("target") for each in whole.values()} == {"cpu", "health-monitor", None}
    assert "serve-cuda" in found(tmp_path, "docker-compose.build.yml", "--profile=cuda")["services"]


def test_all_images_are_made_from_the_base_that_is_named(tmp_path: Path) -> None:
    """Where Docker's own registry can't be reached none of them could be built else."""
    whole = found(tmp_path, "docker-compose.build.yml", "--profile=cuda", env="BASE=mirror/debian:12\n")["services"]
    assert {name: each["build"]["args"]["BASE"] for name, each in whole.items()} == dict.fromkeys(
        ("serve", "serve-cuda", "health-monitor", "cloudflared"), "mirror/debian:12"
    )


def test_what_downloads_as_it_is_built_may_trust_other_authorities(tmp_path: Path) -> None:
    """Of a proxy that opens TLS connections. As a secret, so the file is in no image."""
    names = ("docker-compose.build.yml", "-f", str(tmp_path / "compose" / "docker-compose.build-ca.yml"))
    whole = found(tmp_path, *names, "--profile=cuda", env="CA_FILE=/etc/authorities.pem\n")
    assert whole["secrets"]["ca"]["file"] == "/etc/authorities.pem"
    trusting = {name for name, each in whole["services"].items() if each["build"].get("secrets")}
    assert trusting == {"serve", "serve-cuda", "health-monitor"}

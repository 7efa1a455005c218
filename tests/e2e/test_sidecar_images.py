"""The sidecars' images: built by the cluster's builder, looked at as they come from the registry, run as pods are.

No release of cloudflared is downloaded: a server of this test's own stands for the place of releases, and a file for
the program, which is not started. What is tested is ours: that nothing gets in but what its checksum says.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import releases
from tests.e2e.builder import Builder
from tests.e2e.releases import CLOUDFLARED, SHA256
from tests.e2e.workspace import ROOT
from tools import settings
from tools.image import containers, root_fs
from tools.image.containers import Image, Running, Setup
from tools.progress import Progress
from tools.toolchain import debian

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]

PROGRAM = b"stands for the program\n"
CHECKSUM = hashlib.sha256(PROGRAM).hexdigest()
PATIENCE_S = 180.0


@pytest.fixture(scope="module")
def builder() -> Builder:
    return Builder.of(os.environ)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Build arguments for the one release that there is."""
    with releases.serving(PROGRAM, tmp_path_factory.mktemp("releases")) as found:
        yield found


def unpacked(ref: str, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Files and configuration of an image."""
    root = folder / "root"
    root.mkdir()
    return root, root_fs.unpack(ref, root)


def test_a_release_with_its_checksum_becomes_an_image(
    builder: Builder, release: Mapping[str, str], tmp_path: Path
) -> None:
    """The program, its keeper, authorities and no more; nobody's, healthy by its own command, the token in a file."""
    root, config = unpacked(builder.build(CLOUDFLARED, "e2e/cloudflared:test", **release), tmp_path)
    files = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    assert files == ["etc/ssl/certs/ca-certificates.crt", "usr/bin/cloudflared", "usr/bin/keep"]
    assert stat.S_IMODE((root / "usr/bin/keep").stat().st_mode) == 0o755
    program = root / "usr/bin/cloudflared"
    assert program.read_bytes() == PROGRAM
    assert (stat.S_IMODE(program.stat().st_mode), program.stat().st_uid) == (0o755, 0)
    told = config["config"]
    assert told["User"] == "65534:65534"
    assert (told["Entrypoint"], told["Cmd"]) == (["keep", "cloudflared"], ["tunnel", "run"])
    assert told["Healthcheck"]["Test"] == ["CMD", "cloudflared", "tunnel", "--metrics", "127.0.0.1:20241", "ready"]
    env = dict(each.split("=", 1) for each in told["Env"])
    assert env["TUNNEL_TOKEN_FILE"] == "/run/secrets/tunnel-token"
    assert "TUNNEL_TOKEN" not in env


@pytest.mark.parametrize(
    ("checksum", "words"),
    [(hashlib.sha256(b"other").hexdigest(), "digest mismatch"), ("", "invalid checksum"), (CHECKSUM[:-1], "invalid")],
)
def test_another_checksum_or_none_ends_the_build(
    builder: Builder, release: Mapping[str, str], checksum: str, words: str
) -> None:
    """With the builder's own words."""
    args = {**release, SHA256: checksum}
    assert words in builder.refusal(CLOUDFLARED, target="release", **args)


def test_a_release_that_is_not_there_ends_the_build(builder: Builder, release: Mapping[str, str]) -> None:
    """Nothing is made of an error page. (What is known by its checksum is not asked for again, so this is another.)"""
    unknown = hashlib.sha256(b"never built").hexdigest()
    args = {**release, "VERSION": "9.9.9", SHA256: unknown}
    assert "digest mismatch" in builder.refusal(CLOUDFLARED, target="release", **args)


@pytest.fixture(scope="module")
def monitor(builder: Builder, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The health monitor's image as a folder, to be run by runc."""
    with Progress(quiet=True).step("runc") as step:
        programs = debian.ensure(settings.load().cache_dir, step)
    ref = builder.build(ROOT / "image", "e2e/health-monitor:test", target="health-monitor")
    root, config = unpacked(ref, tmp_path_factory.mktemp("monitor"))
    assert config["config"]["User"] == "65534:65534"
    return Image.of(root, config, programs.runc)


def asked(container: Running) -> dict[str, str]:
    """The states that it tells, asked from inside; none while nobody listens."""
    code = (
        "import json, urllib.request as r\n"
        "try: found = json.load(r.urlopen('http://127.0.0.1:9095/status', timeout=5))['services']\n"
        "except OSError: found = {}\n"
        "print(json.dumps({name: each['state'] for name, each in found.items()}))\n"
    )
    found: dict[str, str] = json.loads(container.python(code)) if container.is_there() else {}
    return found


def test_the_monitor_runs_as_pods_do_and_ends_when_told(monitor: Image, tmp_path: Path) -> None:
    """Nobody, read-only, without a network but its own: it watches itself, finds itself well, and ends by SIGTERM."""
    watched = {"SERVICES": "itself=http://127.0.0.1:9095/health,nobody=http://127.0.0.1:1/", "MONITOR_START_S": "0"}
    fast = {"MONITOR_INTERVAL_S": "1", "MONITOR_TIMEOUT_S": "1", "MONITOR_DOWN_AFTER": "1"}
    with containers.started(monitor, Setup(environ=watched | fast, has_tmp=False), tmp_path) as container:
        states: dict[str, str] = {}
        deadline = time.monotonic() + PATIENCE_S
        while states != {"itself": "up", "nobody": "down"}:
            assert time.monotonic() < deadline, f"{states}\n{container.output()}"
            states = asked(container)
        assert container.python("import health_monitor.probe as p; print(p.main({}))").strip() == "0"
        container.process.send_signal(signal.SIGTERM)  # runc passes it on
        assert container.process.wait(PATIENCE_S) == 0
    assert all(json.loads(line)["level"] in ("info", "warning") for line in container.output().splitlines())


def test_a_wrong_setting_ends_the_container_with_one_line(monitor: Image, tmp_path: Path) -> None:
    """Exit code 2: never a monitor that looks alive and watches nothing."""
    ended = containers.run(monitor, Setup(environ={"SERVICES": "chat"}), tmp_path)
    assert ended.status == 2
    assert ended.lines == ["health_monitor: SERVICES: no '=' in part 1; allowed: name=url,name=url,..."]

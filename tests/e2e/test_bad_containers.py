"""The image's server started as nobody should: it serves all the same, or says why in one line and ends.

Never something between: a server that answers health and can't serve, or a container that starts again and again.
"""

import json
import os
from pathlib import Path

import pytest

from tests.helpers import tiny_gguf
from tools.image import containers
from tools.image.containers import Ended, Image, Setup

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]

LOG_LEVELS = ("debug", "info")
MODEL = "tiny"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one small model, as a volume of weights is: others may read it."""
    folder = tmp_path_factory.mktemp("weights")
    file = tiny_gguf.write(folder / f"{MODEL}.gguf")
    file.chmod(0o444)
    os.utime(file, (0, 0))  # nobody writes to it any more: it is served from the first look on
    for each in (folder, *list(folder.parents)[:2]):
        each.chmod(0o755)
    return folder


def complaints(ended: Ended) -> list[str]:
    """What is left when lines that only tell are taken away."""
    return [line for line in ended.lines if not _only_tells(line)]


def _only_tells(line: str) -> bool:
    try:
        return json.loads(line)["level"] in LOG_LEVELS
    except (ValueError, KeyError, TypeError):
        return False


def refused(image: Image, setup: Setup, folder: Path) -> str:
    """The one line that it ended with; AssertionError where it did not end, or said more or less."""
    ended = containers.run(image, setup, folder)
    assert ended.status not in (0, None), ended.output
    assert "Traceback" not in ended.output
    [line] = complaints(ended)
    assert line.startswith("serve: ")
    return line


def says_three_words(container: containers.Running) -> None:
    """The model answers, asked from inside: the container has no network."""
    body = json.dumps({"model": MODEL, "prompt": "a b", "max_tokens": 3})
    asked = (
        "import json, urllib.request as r\n"
        "head = {'Content-Type': 'application/json'}\n"
        f"asked = r.Request('http://127.0.0.1:8000/v1/completions', {body.encode()!r}, head)\n"
        "print(json.load(r.urlopen(asked, timeout=100))['usage']['completion_tokens'])\n"
    )
    assert 0 < int(container.python(asked)) <= 3


@pytest.mark.parametrize(
    "setup",
    [Setup(), Setup(has_tmp=False), Setup(has_shm=False), Setup(has_tmp=False, has_shm=False)],
    ids=["as a pod", "nowhere to write", "no /dev/shm", "neither"],
)
def test_a_container_that_can_write_nowhere_and_has_no_network_serves(
    setup: Setup, image: Image, weights: Path, tmp_path: Path
) -> None:
    """Nothing of the server needs a file, shared memory or a way out: weights are mapped, answers leave by the port."""
    told = Setup(has_tmp=setup.has_tmp, has_shm=setup.has_shm, binds={"/models": weights})
    with containers.started(image, told, tmp_path) as container:
        container.wait_until_live()
        says_three_words(container)
        assert container.get("/health/ready") == 200


def test_a_models_directory_that_the_user_may_not_read_is_refused(image: Image, tmp_path: Path) -> None:
    """As with another UID than the image's: /models is nobody's alone."""
    line = refused(image, Setup(user=1000), tmp_path)
    assert "/models" in line
    assert "1000" in line


def test_weights_that_the_user_may_not_read_are_refused_or_named_by_readiness(image: Image, tmp_path: Path) -> None:
    """A volume with somebody else's rights."""
    folder = tmp_path / "weights"
    folder.mkdir(mode=0o700)
    line = refused(image, Setup(binds={"/models": folder}), tmp_path)
    assert "/models" in line


def test_weights_are_not_pulled_into_a_folder_that_can_not_be_written_to(
    image: Image, weights: Path, tmp_path: Path
) -> None:
    """Before anybody is asked for anything."""
    order = ("pull", "--repo", "a/b", "--revision", "main", "--file", "x.gguf", "--to", "/models")
    line = refused(image, Setup(arguments=order, binds={"/models": weights}), tmp_path)
    assert "/models can't be written to by user 65534" in line


def test_without_a_network_a_pull_ends_with_one_line(image: Image, tmp_path: Path) -> None:
    """A Job that ends with an error is started again by Kubernetes, and tells what was wrong."""
    folder = tmp_path / "models"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    order = ("pull", "--repo", "a/b", "--revision", "main", "--file", "x.gguf", "--to", "/models")
    ended = containers.run(image, Setup(arguments=order, binds={"/models": folder}), tmp_path, within_s=300)
    assert ended.status == 2
    assert "Traceback" not in ended.output
    assert ended.lines[-1].startswith("serve: a/b@main/x.gguf can't be pulled")


def test_64_mb_of_memory_are_refused(image: Image, weights: Path, tmp_path: Path) -> None:
    """The kernel would end the worker or the server at any time: the number is said before."""
    line = refused(image, Setup(memory_bytes=64 << 20, binds={"/models": weights}), tmp_path)
    assert "64 MiB" in line


def test_a_gpu_that_is_required_and_not_there_is_refused(image: Image, weights: Path, tmp_path: Path) -> None:
    """A model that would be a hundred times slower than asked for is no model."""
    line = refused(image, Setup(environ={"SLIPWAY_GPU": "required"}, binds={"/models": weights}), tmp_path)
    assert "SLIPWAY_GPU" in line


def test_a_library_that_was_cut_off_is_refused(image: Image, weights: Path, tmp_path: Path) -> None:
    """As of a layer that a full disk has cut: by its name, not by a worker that dies again and again."""
    library = next(image.root.glob("venv/lib/python3*/site-packages/llama_cpp/lib/libllama.so"))
    cut = tmp_path / library.name
    cut.write_bytes(library.read_bytes()[: library.stat().st_size // 2])
    cut.chmod(0o755)
    inside = f"/{library.relative_to(image.root)}"
    line = refused(image, Setup(binds={"/models": weights, inside: cut}), tmp_path)
    assert library.name in line


def test_a_wrong_setting_is_refused_with_what_is_allowed(image: Image, tmp_path: Path) -> None:
    """Name, value, what is allowed."""
    line = refused(image, Setup(environ={"SLIPWAY_PORT": "none"}), tmp_path)
    assert "SLIPWAY_PORT" in line
    assert "none" in line

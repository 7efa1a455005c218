"""Pulls cut at random points, through the real client, against a hub on this machine that speaks its protocol.

A few dozen here, with processes that are only thought of; `python -m bench.server.cut_pulls` has a thousand with real
ones that are killed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import close_session

from serve.pulls.fetch import fetch
from serve.pulls.huggingface import HuggingFace
from serve.pulls.lines import Report
from serve.pulls.transfer import Transfer
from serve.pulls.types import PullOrder, PullState
from tests.helpers.hub_server import HubState, file_sha256, hub_server

NUM_PULLS = 40
SIZE = 400_000
NAMES = ("m.gguf", "s-00001-of-00002.gguf", "s-00002-of-00002.gguf")


class Killed(BaseException):
    """What no code catches, so that nothing is cleaned up."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubState]:
    """With a file, and a model in two parts."""
    folder, chance = tmp_path_factory.mktemp("hub"), random.Random(0)
    for name in NAMES:
        (folder / name).write_bytes(chance.randbytes(SIZE))
    with hub_server({f"org/m/{name}": folder / name for name in NAMES}, has_sums=True) as state:
        yield state
        close_session()


@pytest.fixture(autouse=True)
def alone_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, and no request that is not ours."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY", True)


@pytest.mark.parametrize("seed", range(NUM_PULLS))
def test_a_pull_that_is_cut_and_killed_brings_the_file(tmp_path: Path, hub: HubState, seed: int) -> None:
    """Right, whole, and with nothing beside it; before that there is no file of that name."""
    chance = random.Random(seed)
    hub.cut_after = [chance.randrange(SIZE) for _ in range(chance.randrange(6))]
    hub.store_troubles = [chance.choice([500, 503, 403, 429, 408]) for _ in range(chance.randrange(3))]
    hub.wrong = [chance.choice(["", "", "range", "length", "more", "encoding"]) for _ in range(chance.randrange(4))]
    order = PullOrder("org/m", chance.choice(["m.gguf", NAMES[1], "s-*"]))
    transfer = Transfer(HuggingFace(hub.url), lambda _: None, chance.random)
    for _ in range(chance.randrange(3)):
        left = chance.randrange(200)

        def tell(report: Report) -> None:
            nonlocal left
            left -= 1
            if left < 0 and report.state is PullState.DOWNLOADING:
                raise Killed

        with_end = _run(order, tmp_path, transfer, tell)
        assert with_end or not list(tmp_path.glob("*.gguf"))
    fetch(order, tmp_path, transfer, lambda _: None, may_replace=False)
    found = {path.name for path in tmp_path.iterdir() if path.suffix != ".lock"}
    assert found == ({NAMES[0]} if order.file == NAMES[0] else set(NAMES[1:]))
    assert all(file_sha256(tmp_path / name) == hub.sums[f"org/m/{name}"] for name in found)


def _run(order: PullOrder, folder: Path, transfer: Transfer, tell: object) -> bool:
    """Did it come to its end?"""
    try:
        fetch(order, folder, transfer, tell, may_replace=False)  # type: ignore[arg-type]
    except Killed:
        return False
    return True

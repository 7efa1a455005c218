"""The controllers' process goes on after failures of others, and ends on its own."""

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tools.cluster import controllers
from tools.cluster.kube import Changes


class TwoChanges(Changes):
    """Something changes twice, then the test ends the loop."""

    def __init__(self) -> None:
        self._left = iter(range(2))
        self.num_again = 0

    def wait(self) -> None:
        if next(self._left, None) is None:
            raise StopIteration

    def again(self) -> None:
        self.num_again += 1


def test_an_api_server_that_does_not_answer_is_asked_again(capsys: pytest.CaptureFixture[str]) -> None:
    """It may be restarting."""
    outcomes: Iterator[Exception | None] = iter([httpx.ConnectError("refused"), None])

    def reconcile() -> None:
        if outcome := next(outcomes):
            raise outcome

    changes = TwoChanges()
    with pytest.raises(StopIteration):
        controllers.loop(changes, reconcile, "volumes")
    assert changes.num_again == 1
    assert "volumes: refused" in capsys.readouterr().out


def test_an_error_that_nobody_expects_ends_the_whole_process() -> None:
    """A thread that died alone would leave a controller that looks alive and does nothing."""
    program = (
        "import threading, time\n"
        "from tools.cluster import controllers\n"
        "threading.excepthook = controllers.end_process\n"
        "threading.Thread(target=lambda: {}['uid']).start()\n"
        "time.sleep(60)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1
    assert "KeyError: 'uid'" in done.stderr

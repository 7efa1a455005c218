"""What is measured in containers says what it needs, before anything else runs."""

from pathlib import Path

import pytest

from bench.server import container
from bench.server.lab import Lab
from tools.errors import PrerequisiteMissing
from tools.progress import Progress


def lab(image_ref: str) -> Lab:
    """One that measures nothing."""
    path = Path("/nowhere")
    return Lab(path, path, path, Progress(quiet=True), num_rounds=1, is_quick=True, num_threads=1, image_ref=image_ref)


def test_without_an_image_the_option_is_named() -> None:
    """And nothing is asked for where nothing of it is measured."""
    container.check(lab(""), [])
    with pytest.raises(PrerequisiteMissing, match="--ref"):
        container.check(lab(""), ["container"])


def test_without_root_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than an error of the runtime, minutes later."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(PrerequisiteMissing, match="need root"):
        container.check(lab("127.0.0.1:5000/slipway-image:cpu"), ["container"])

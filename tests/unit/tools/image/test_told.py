"""What an image says of itself, and one thing of it missing at a time."""

import copy
from typing import Any

import pytest

from tests.unit.tools.image.made import file, root
from tools.image.checks import told

ROOT = root(file("venv/bin/python3", kind="link", target="/usr/bin/python3"), file("usr/bin/python3", mode=0o755))
CONFIG: dict[str, Any] = {
    "config": {
        "User": "65534:65534",
        "Env": ["PATH=/venv/bin:/usr/bin"],
        "Entrypoint": ["python3", "-m", "serve"],
        "Healthcheck": {"Test": ["CMD", "python3", "-c", "pass"]},
        "Labels": {told.PREFIX + name: "x" for name in told.LABELS},
    }
}


def test_a_whole_configuration_has_no_findings() -> None:
    """Programs are found through PATH and links, as a container finds them."""
    assert list(told.findings(CONFIG, ROOT)) == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("User", "nobody", "must be 65534:65534"),
        ("User", "", "must be 65534:65534"),
        ("Entrypoint", None, "starts nothing"),
        ("Entrypoint", ["/bin/sh", "-c", "python3"], "a line for a shell"),
        ("Entrypoint", ["ruby"], "starts ruby, which is not in the image"),
        ("Healthcheck", None, "HEALTHCHECK is not there"),
        ("Healthcheck", {"Test": ["NONE"]}, "HEALTHCHECK is not there"),
        ("Healthcheck", {"Test": ["CMD-SHELL", "curl x"]}, "has no shell"),
        ("Healthcheck", {"Test": ["CMD", "curl", "x"]}, "starts curl"),
        ("Labels", {}, "image.title is not there"),
    ],
)
def test_what_is_missing_or_wrong_is_said(key: str, value: object, said: str) -> None:
    """One line each."""
    config = copy.deepcopy(CONFIG)
    config["config"][key] = value
    assert any(said in line for line in told.findings(config, ROOT))


def test_a_program_must_be_one_that_may_be_started() -> None:
    """A file without that right is none."""
    assert not told.is_program("/usr/bin/x", {}, root(file("usr/bin/x")))
    assert told.is_program("/usr/bin/x", {}, root(file("usr/bin/x", mode=0o755)))

""".env.example: every variable of the files, its default and what it means; no other."""

from __future__ import annotations

import itertools
import re

from tests.unit.compose import files

TEXT = (files.FOLDER / ".env.example").read_text(encoding="utf-8")
COMPOSES_OWN = {"COMPOSE_PROFILES"}
"""Read by `docker compose` itself."""


def told() -> dict[str, str]:
    """Its lines."""
    return dict(re.findall(r"(?m)^([A-Z][A-Z0-9_]+)=(.*)$", TEXT))


def test_it_has_every_variable_of_the_files_and_no_other() -> None:
    """One that is missing is a setting that nobody finds; one too many is a setting that does nothing."""
    assert told().keys() == files.variables().keys() | COMPOSES_OWN


def test_it_tells_the_defaults_of_the_files() -> None:
    """A line that is left out changes nothing, and no variable has two defaults."""
    for name, defaults in files.variables().items():
        assert defaults <= {told()[name]}, name


def test_every_variable_is_explained() -> None:
    """By a comment above it, or above the line before it."""
    pairs = itertools.pairwise(TEXT.splitlines())
    bare = [line for above, line in pairs if re.match("[A-Z0-9_]+=", line) and not above]
    assert bare == ["SLIPWAY_IMAGE=slipway-serve:cpu"]  # its heading says it


def test_no_secret_has_a_place_there() -> None:
    """They are files."""
    assert not re.search(r"(?m)^\w*(TOKEN|API_KEY|SECRET|PASSWORD|WEBHOOK_URL)=", TEXT)

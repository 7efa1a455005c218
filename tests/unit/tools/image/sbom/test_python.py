"""Distributions by their METADATA, with licences from wherever they say them."""

import pytest

from tools.image.sbom import python

PATH = "venv/lib/python3.11/site-packages/Some_Package-1.2.dist-info/METADATA"
NAMED = "Metadata-Version: 2.4\nName: Some_Package\nVersion: 1.2\n"


def test_a_distribution_is_found_in_whatever_environment_it_is() -> None:
    """Its name is the normal one, by which everybody looks it up."""
    assert python.is_wanted(PATH)
    assert not python.is_wanted("venv/lib/python3.11/site-packages/some/METADATA")
    [found] = python.read({PATH: f"{NAMED}\nLicense: of the description\n".encode()})
    assert (found.name, found.purl, found.licences) == ("some-package", "pkg:pypi/some-package@1.2", ())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            "License-Expression: MIT OR Apache-2.0\nClassifier: License :: OSI Approved :: BSD License\n",
            "MIT OR Apache-2.0",
        ),
        ("License: see file\nClassifier: License :: OSI Approved :: MIT License\n", "MIT"),
        ("License: BSD-3-Clause\n", "BSD-3-Clause"),
    ],
)
def test_an_expression_counts_more_than_classifiers_and_these_more_than_the_old_field(
    fields: str, expected: str
) -> None:
    """PEP 639 is exact; the old field is free text."""
    [found] = python.read({PATH: (NAMED + fields).encode()})
    assert found.licences == (expected,)


@pytest.mark.parametrize("text", ["UNKNOWN", "Permission is hereby granted, free of charge, to any person " * 3])
def test_a_whole_licence_or_none_in_the_old_field_is_no_name(text: str) -> None:
    """Better to say nothing than a page."""
    [found] = python.read({PATH: f"{NAMED}License: {text}\n".encode()})
    assert found.licences == ()

"""Annotations that steer the provider."""

import pytest

from tools.plugins.kubernetes.annotations import SKIP_AWAIT, deletion_propagation, is_set, timeout_s
from tools.plugins.kubernetes.errors import InputError
from tools.plugins.kubernetes.values import Object


def annotated(**annotations: str) -> Object:
    """An object with annotations of ours."""
    marks = {f"pulumi.com/{key}": value for key, value in annotations.items()}
    return {"metadata": {"name": "a", "annotations": marks}}


def test_only_true_is_true() -> None:
    """As the official provider reads it."""
    assert is_set(annotated(skipAwait="true"), SKIP_AWAIT)
    assert not is_set(annotated(skipAwait="yes"), SKIP_AWAIT)
    assert not is_set({}, SKIP_AWAIT)


def test_custom_timeouts_win_over_the_annotation_and_that_over_the_default() -> None:
    """In seconds."""
    assert timeout_s(annotated(timeoutSeconds="7"), 5, 600) == 5
    assert timeout_s(annotated(timeoutSeconds="7"), 0, 600) == 7
    assert timeout_s(annotated(), 0, 600) == 600


def test_a_timeout_that_is_no_number_is_named() -> None:
    """With object, annotation and value."""
    with pytest.raises(InputError, match=r"a: annotation pulumi\.com/timeoutSeconds='soon'"):
        timeout_s(annotated(timeoutSeconds="soon"), 0, 600)


@pytest.mark.parametrize(
    ("value", "policy"), [("Orphan", "Orphan"), ("background", "Background"), ("", "Foreground"), ("x", "Foreground")]
)
def test_what_is_owned_goes_first_unless_said_otherwise(value: str, policy: str) -> None:
    """The deletion propagation policy."""
    assert deletion_propagation(annotated(deletionPropagationPolicy=value)) == policy

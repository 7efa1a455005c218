"""Which model an object serves."""

from infra.cost.labels import model_of, texts
from kube.unknown import UNKNOWN


def test_the_projects_own_label_comes_first() -> None:
    """Then the plain one; of the pod before that of its owner."""
    assert model_of({"slipway.dev/model": "a", "model": "b"}) == "a"
    assert model_of({}, {"model": "b"}) == "b"
    assert model_of({"model": "pod"}, {"slipway.dev/model": "owner"}) == "pod"


def test_what_has_no_such_label_serves_no_model() -> None:
    """Nor one whose label is not known."""
    assert model_of({"app": "x"}, {}) is None
    assert model_of({"model": UNKNOWN}) is None


def test_only_labels_that_are_text_are_kept() -> None:
    """As they must be."""
    assert texts({"a": "1", "b": UNKNOWN, "c": 3, "d": {}}) == {"a": "1"}

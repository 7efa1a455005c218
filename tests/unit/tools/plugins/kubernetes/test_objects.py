"""Small questions to objects."""

from tools.plugins.kubernetes import objects
from tools.plugins.kubernetes.values import UNKNOWN


def test_ids_are_namespace_and_name_and_split_again() -> None:
    """Objects without a namespace have only a name."""
    assert objects.id_of({"metadata": {"namespace": "a", "name": "b"}}) == "a/b"
    assert objects.id_of({"metadata": {"name": "b"}}) == "b"
    assert objects.split_id("a/b") == ("a", "b")
    assert objects.split_id("b") == ("", "b")


def test_unknown_and_missing_values_are_empty() -> None:
    """A question never fails."""
    assert objects.name_of({"metadata": {"name": UNKNOWN}}) == ""
    assert objects.name_of({"metadata": UNKNOWN}) == ""
    assert objects.section({"spec": []}, "spec") == {}
    assert objects.items({"spec": {}}, "spec") == []
    assert objects.count({"spec": {"replicas": "3"}}, "spec", "replicas", default=1) == 1


def test_metadata_is_changed_in_a_copy() -> None:
    """None takes a field away."""
    obj = {"kind": "A", "metadata": {"name": "a", "uid": "1"}}
    assert objects.with_metadata(obj, uid=None, namespace="b") == {
        "kind": "A",
        "metadata": {"name": "a", "namespace": "b"},
    }
    assert obj["metadata"] == {"name": "a", "uid": "1"}


def test_owners_are_known_by_their_uid() -> None:
    """An object without one owns nothing."""
    pod = {"metadata": {"ownerReferences": [{"uid": "1"}, {"name": "no uid"}]}}
    assert objects.is_owned_by(pod, {"metadata": {"uid": "1"}})
    assert not objects.is_owned_by(pod, {"metadata": {"uid": "2"}})
    assert not objects.is_owned_by(pod, {"metadata": {}})

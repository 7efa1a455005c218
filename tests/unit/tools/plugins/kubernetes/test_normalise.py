"""Inputs as the API server would keep them."""

from tools.plugins.kubernetes.normalise import as_inputs, normalise
from tools.plugins.kubernetes.values import UNKNOWN, Object

SECRET: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}


def test_metadata_that_only_the_server_writes_is_dropped() -> None:
    """It comes along when an object is copied from a cluster."""
    obj = {"metadata": {"name": "a", "uid": "1", "resourceVersion": "2", "managedFields": []}}
    assert normalise(obj) == {"metadata": {"name": "a"}}


def test_the_texts_of_a_secret_become_data() -> None:
    """They win over data of the same name, as in the server."""
    obj = {**SECRET, "data": {"a": "eA==", "b": "eQ=="}, "stringData": {"b": "z"}}
    assert normalise(obj) == {**SECRET, "data": {"a": "eA==", "b": "eg=="}}


def test_line_breaks_in_base64_are_no_difference() -> None:
    """What is no base64 stays for the server to complain about."""
    assert normalise({**SECRET, "data": {"a": "eH\nl6\n", "b": 1}})["data"] == {"a": "eHl6", "b": 1}


def test_values_that_are_not_known_yet_stay_as_they_are() -> None:
    """A preview can't encode them."""
    obj = {**SECRET, "stringData": {"a": UNKNOWN}}
    assert normalise(obj) == obj


def test_a_definition_loses_what_the_server_does_not_keep() -> None:
    """Its default for unknown fields, and a status."""
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "a"}}
    obj = {**crd, "spec": {"preserveUnknownFields": False, "group": "g"}, "status": {"x": 1}}
    assert normalise(obj) == {**crd, "spec": {"group": "g"}}


def test_an_imported_object_keeps_what_its_maker_has_written() -> None:
    """No status, nothing of the server's or of kubectl's."""
    live = {
        "kind": "Deployment",
        "metadata": {
            "name": "a",
            "uid": "1",
            "annotations": {"deployment.kubernetes.io/revision": "3", "mine": "yes"},
        },
        "spec": {"replicas": 1},
        "status": {"replicas": 1},
    }
    assert as_inputs(live) == {
        "kind": "Deployment",
        "metadata": {"name": "a", "annotations": {"mine": "yes"}},
        "spec": {"replicas": 1},
    }
    assert as_inputs({"metadata": {"name": "a"}}) == {"metadata": {"name": "a"}}

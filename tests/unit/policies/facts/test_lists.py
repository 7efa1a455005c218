"""Lists that may not be known as a whole."""

from kube.objects import Object
from kube.unknown import UNKNOWN
from kube.view import Trace
from policies.facts.lists import elements


def test_an_unknown_list_is_one_unknown_element() -> None:
    """So whoever looks for something in it can't take it for absent."""
    view = Object({"known": [1, UNKNOWN], "unknown": UNKNOWN}).view(Trace())
    assert [each.path for each in elements(view, "known")] == ["known[0]", "known[1]"]
    assert [each.path for each in elements(view, "unknown")] == ["unknown"]
    assert elements(view, "absent") == []

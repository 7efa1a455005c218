"""Lists that may not be known as a whole."""

from policies.lists import elements
from policies.objects import Object
from policies.unknown import UNKNOWN
from policies.view import Trace


def test_an_unknown_list_is_one_unknown_element() -> None:
    """So whoever looks for something in it can't take it for absent."""
    view = Object({"known": [1, UNKNOWN], "unknown": UNKNOWN}).view(Trace())
    assert [each.path for each in elements(view, "known")] == ["known[0]", "known[1]"]
    assert [each.path for each in elements(view, "unknown")] == ["unknown"]
    assert elements(view, "absent") == []

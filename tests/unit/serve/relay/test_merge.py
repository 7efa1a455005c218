"""Several answers as one."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from serve.relay.merge import merge


def test_lists_follow_one_another_and_the_rest_is_the_first_servers() -> None:
    """Models of all servers, in the order of the servers."""
    one = {"object": "list", "data": [{"id": "a"}], "time": 1.0}
    two = {"object": "list", "data": [{"id": "b"}], "time": 2.0}
    assert merge([one, two]) == {"object": "list", "data": [{"id": "a"}, {"id": "b"}], "time": 1.0}


def test_memory_and_turns_are_summed_wherever_they_stand() -> None:
    """There is one number of them for all servers together."""
    one = {"server": {"state": "healthy", "memory_bytes": 1}, "num_turns": 2}
    two = {"server": {"state": "starting", "memory_bytes": 4}, "num_turns": 3}
    assert merge([one, two]) == {"server": {"state": "healthy", "memory_bytes": 5}, "num_turns": 5}


def test_turns_of_several_models_are_told_in_the_order_in_which_they_were_said() -> None:
    """A user talks now to one model, now to another."""
    one = {"messages": [{"content": "a", "timestamp": 1}, {"content": "c", "timestamp": 3}]}
    two = {"messages": [{"content": "b", "timestamp": 2}]}
    assert [each["content"] for each in merge([one, two])["messages"]] == ["a", "b", "c"]


@given(st.dictionaries(st.text(max_size=4), st.integers() | st.lists(st.integers()), max_size=4))
def test_one_answer_stays_as_it_is(answer: dict[str, Any]) -> None:
    """With one server the relay is not noticed."""
    assert merge([answer]) == answer

"""Many names in one line."""

from tools.image.sbom.component import NUM_NAMED, some


def test_of_many_names_the_first_are_said_and_how_many_more_there_are() -> None:
    """A Go program has a hundred modules."""
    assert some(["a", "b"]) == "a, b"
    assert some([str(i) for i in range(NUM_NAMED)]).count(",") == NUM_NAMED - 1
    assert some([str(i) for i in range(100)]).endswith(f", {NUM_NAMED - 1} and {100 - NUM_NAMED} more")

"""Tests of serve.answers.blocks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from serve.answers.blocks import Blocks, Change, Closed, Grown, Kind, Opened
from serve.answers.turns import Said
from serve.chat.types import Content, Piece, Reasoning, ToolArguments, ToolCallStart
from serve.engine.types import TokenScore

FIRST, SECOND = TokenScore(1, b"a", -0.5), TokenScore(2, b"b", -0.25)


def played(blocks: Blocks, *said: Said) -> list[Change]:
    """All changes, to the end."""
    return [*(change for each in said for change in blocks.take(each)), *blocks.end()]


def test_a_block_is_closed_before_the_next_is_opened() -> None:
    """Thoughts, text, and two calls, each of which is a block of its own."""
    blocks = Blocks()
    pieces = (Reasoning("Hm"), Content("I "), Content("ask"), ToolCallStart(0, "c1", "f"), ToolArguments(0, "{}"))
    found = played(blocks, Said(0, pieces), Said(0, (ToolCallStart(1, "c2", "g"), ToolArguments(1, '{"a"'))))
    kinds = [(block.kind, block.text) for block in blocks.all]
    assert kinds == [(Kind.THOUGHTS, "Hm"), (Kind.TEXT, "I ask"), (Kind.CALL, "{}"), (Kind.CALL, '{"a"')]
    assert [block.index for block in blocks.all] == [0, 1, 2, 3]
    assert [(block.call_id, block.name) for block in blocks.all[2:]] == [("c1", "f"), ("c2", "g")]
    assert [type(change) for change in found] == [
        *(Opened, Grown, Closed),
        *(Opened, Grown, Grown, Closed),
        *(Opened, Grown, Closed),
        *(Opened, Grown, Closed),
    ]


def test_an_answer_that_says_nothing_is_an_empty_text() -> None:
    """Clients read the first block without a look."""
    blocks = Blocks()
    assert [type(change) for change in played(blocks)] == [Opened, Closed]
    assert (blocks.all[0].kind, blocks.all[0].text) == (Kind.TEXT, "")


def test_scores_go_with_the_text_that_came_of_their_tokens() -> None:
    """What was held back brings them along; those of thoughts are not told."""
    blocks = Blocks()
    held, told = Said(0, (), (FIRST,)), Said(0, (Content("ab"),), (SECOND,))
    grown = [change for change in played(blocks, held, told) if isinstance(change, Grown)]
    assert grown[0].scores == (FIRST, SECOND) == tuple(blocks.all[0].scores)
    thinking = Blocks()
    played(thinking, Said(0, (Reasoning("a"),), (FIRST,)), Said(0, (Content("b"),), (SECOND,)))
    assert thinking.all[1].scores == [SECOND]


TEXTS = st.text(min_size=1, max_size=3)
CALL = st.builds(lambda name, text: (ToolCallStart(0, "id", name), ToolArguments(0, text)), TEXTS, TEXTS)
PIECES: st.SearchStrategy[tuple[Piece, ...]] = st.one_of(
    st.builds(lambda text: (Content(text),), TEXTS), st.builds(lambda text: (Reasoning(text),), TEXTS), CALL
)


@given(st.lists(PIECES, max_size=8))
def test_nothing_is_lost_and_no_two_blocks_are_open(story: list[tuple[Piece, ...]]) -> None:
    """Whatever comes in whichever order: the texts join to what was said, and blocks follow one another."""
    blocks, open_now = Blocks(), 0
    for change in played(blocks, *(Said(0, pieces) for pieces in story)):
        open_now += isinstance(change, Opened)
        assert open_now == 1
        assert change.block is blocks.all[change.block.index]
        open_now -= isinstance(change, Closed)
    assert open_now == 0
    said = "".join(piece.text for pieces in story for piece in pieces if not isinstance(piece, ToolCallStart))
    assert "".join(block.text for block in blocks.all) == said

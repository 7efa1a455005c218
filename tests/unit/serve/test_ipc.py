"""Tests of serve.ipc."""

from __future__ import annotations

import socket
import struct
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.engine.types import Delta, Embedded, Stats, TokenScore
from serve.ipc import MAX_FRAME_BYTES, Channel, Decoder, FrameError, encode
from serve.messages import Cancel, Events, Generate, GenerateRequest, Load, Message, Ping, Pong, Stop, TextPrompt


def has_room(message: Message) -> bool:
    """Do its numbers fit into 64 bits? All that clients can send do."""
    try:
        return bool(encode(message))
    except FrameError as error:
        if "can't serialize ints" in str(error):
            return False
        raise


MESSAGES: st.SearchStrategy[Message] = st.from_type(Message).filter(has_room)  # type: ignore[arg-type]


def frame(body: bytes) -> bytes:
    """A body with its length."""
    return struct.pack(">I", len(body)) + body


@given(st.lists(MESSAGES, max_size=4), st.lists(st.integers(0, 2000)))
def test_any_split_of_bytes_gives_the_same_messages(messages: list[Message], cuts: list[int]) -> None:
    """What is encoded comes back equal, wherever the pieces are cut."""
    raw = b"".join(encode(message) for message in messages)
    places = sorted({min(cut, len(raw)) for cut in cuts} | {0, len(raw)})
    decoder = Decoder()
    found = [m for a, b in pairwise(places) for m in decoder.feed(raw[a:b])]
    assert repr(found) == repr(messages)  # by repr, as NaN is not equal to itself


@given(st.binary(max_size=200))
def test_garbage_is_a_frame_error_and_nothing_else(body: bytes) -> None:
    """Whatever a worker sends, only FrameError comes of it."""
    with pytest.raises(FrameError):
        list(Decoder().feed(frame(body)))


@pytest.mark.parametrize(
    "row",
    [
        ["Nothing"],
        ["Stop", 1],
        ["Pong", "long", None],
        ["Cancel", 1.5],
        ["Cancel"],
        ["Cancel", True],
        ["Cancel", 2**64 - 1, 1],
        ["Events", [["Stop"]]],
        ["Events", ["Delta", 1, "", 0, []]],
        ["Events", [["Finished", 1, "because", 1, 1, 0, True, 0, None]]],
        {"is": "Stop"},
    ],
)
def test_a_wrong_field_is_a_frame_error(row: object) -> None:
    """Unknown kinds, missing, surplus and mistyped fields are refused, all the way down."""
    with pytest.raises(FrameError, match="not a message"):
        list(Decoder().feed(frame(msgspec.msgpack.encode(row))))


def test_a_huge_frame_is_refused_before_it_is_read() -> None:
    """A length is believed only within bounds."""
    with pytest.raises(FrameError, match="was announced"):
        list(Decoder().feed(struct.pack(">I", MAX_FRAME_BYTES + 1)))


def test_a_message_that_is_too_large_is_not_sent() -> None:
    """The same bound holds on the way out."""
    load = Load("m", "p", 1, 1, 1, 1, 1, chat_template="x" * (MAX_FRAME_BYTES + 1))
    with pytest.raises(FrameError, match=r"a Load of .* bytes is too large"):
        encode(load)


def test_whole_numbers_pass_as_fractions() -> None:
    """0 may stand for 0.0."""
    assert list(Decoder().feed(encode(Pong(0, Stats())))) == [Pong(0.0, Stats())]


def test_a_channel_carries_messages_until_the_other_end_closes() -> None:
    """Both ends of a socket speak the same."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            channel = Channel(theirs)
            for message in (Ping(), Events(()), Stop()):
                channel.send(message)
        assert list(Channel(ours).receive()) == [Ping(), Events(()), Stop()]


def test_any_text_of_characters_survives() -> None:
    """Half a surrogate pair is none: the wire refuses it, and so does this."""
    message = Generate(1, GenerateRequest(TextPrompt(("é \x00 \u2028 😀",))))
    assert list(Decoder().feed(encode(message))) == [message]
    with pytest.raises(FrameError, match="a Generate can't be written"):
        encode(Generate(1, GenerateRequest(TextPrompt(("\ud800",)))))


def test_numbers_that_no_client_can_send_are_a_frame_error() -> None:
    """64 bits are what a frame has room for."""
    with pytest.raises(FrameError, match="can't be written"):
        encode(Cancel(2**64))


def test_bytes_come_back_as_they_are() -> None:
    """Vectors and pieces of tokens are no text."""
    events = Events((Embedded(1, bytes(range(256)), 3), Delta(1, "", 0, (TokenScore(7, b"\xff", None),))))
    assert list(Decoder().feed(encode(events))) == [events]

"""Tests of serve.cli.chat: the conversation, without a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2
import pytest

from serve.cli.chat import Chat, talk
from serve.cli.client import Server
from tests.unit.serve.cli.talking import ONE_MODEL, USAGE, Answer, Told, delta, events, options, refused, talking

CHAT = "POST /v1/chat/completions"
Line = str | type[BaseException]


class Interrupted(httpx2.SyncByteStream):
    """One word, then Ctrl-C."""

    def __iter__(self) -> Iterator[bytes]:
        yield events(delta(content="Hel"), done=False).content
        raise KeyboardInterrupt


def typing(*lines: Line) -> Callable[[str], str]:
    """A person who types these lines, then Ctrl-D."""
    rest = iter(lines)

    def read(prompt: str) -> str:
        line = next(rest, EOFError)
        if isinstance(line, str):
            return line
        raise line

    return read


def talked(answer: Answer, *typed: Line, arguments: tuple[str, ...] = ()) -> tuple[str, Told, Chat]:
    """What was written, and asked, while those lines were typed."""
    server, told = talking({CHAT: answer, "GET /v1/models": ONE_MODEL})
    chat = make(server, *arguments)
    written: list[str] = []
    talk(chat, typing(*typed), written.append)
    return "".join(written), told, chat


def make(server: Server, *arguments: str) -> Chat:
    """With what the command line says."""
    return Chat(server, "tiny", options("chat", "tiny", *arguments))


HELLO = events(delta(role="assistant"), delta(content="Hel"), delta(content="lo"), USAGE)


def test_an_answer_is_written_as_it_comes_and_remembered() -> None:
    """The next question is asked with all that was said."""
    written, told, _ = talked(lambda _: HELLO, "Hi", "Again", arguments=("--system", "Be kind"))
    assert written == "Hello\nHello\n\n"
    assert told.requests[1][2]["messages"] == [
        {"role": "system", "content": "Be kind"},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "Again"},
    ]


def test_settings_are_sent_only_where_they_are_given() -> None:
    """Else they are the model's own."""
    _, told, _ = talked(lambda _: HELLO, "Hi")
    assert set(told.requests[0][2]) == {"model", "messages", "stream", "stream_options"}
    _, told, _ = talked(lambda _: HELLO, "Hi", arguments=("--temperature", "0", "--max-tokens", "5"))
    assert (told.requests[0][2]["temperature"], told.requests[0][2]["max_tokens"]) == (0, 5)


def test_ctrl_c_ends_the_answer_and_not_the_program() -> None:
    """What was said stays in the conversation."""
    answer = httpx2.Response(200, stream=Interrupted())
    written, _, chat = talked(lambda _: answer, "Hi")
    assert written == "Hel\n(stopped)\n\n"
    assert chat.messages == [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hel"}]


def test_ctrl_c_at_the_prompt_tells_how_to_end() -> None:
    """And goes on."""
    written, _, _ = talked(lambda _: HELLO, KeyboardInterrupt, "/bye")
    assert written == "\n(Ctrl-D or /bye ends)\n"


def test_an_error_is_told_and_its_question_can_be_asked_again() -> None:
    """It is not in the conversation: two questions in a row would confuse the model."""
    written, _, chat = talked(lambda _: refused(503, "the model is loading", {"retry-after": "2"}), "Hi")
    assert "the model is loading (try again in 2 s)\n" in written
    assert chat.messages == []


def test_a_message_may_have_several_lines() -> None:
    """Between triple quotation marks."""
    _, told, _ = talked(lambda _: HELLO, '"""one', "two", 'three"""', '"""four"""')
    assert [each[2]["messages"][-1]["content"] for each in told.requests] == ["one\ntwo\nthree", "four"]


def test_commands_change_the_conversation() -> None:
    """They are not sent to the model."""
    typed = ("Hi", "/new", "/system Be brief", "/model other", "Ho", "/system", "/nonsense", "/model", "/help")
    written, told, chat = talked(lambda _: HELLO, *typed)
    assert [each["content"] for each in told.requests[1][2]["messages"]] == ["Be brief", "Ho"]
    assert told.requests[1][2]["model"] == "other"
    assert chat.system == ""
    assert written.count("is no command here") == 2
    assert "/bye" in written


def test_what_a_model_says_does_not_steer_the_terminal() -> None:
    """Control characters are shown, not obeyed; the model is told what it said."""
    written, _, chat = talked(lambda _: events(delta(content="\x1b[2J")), "Hi")
    assert "\x1b" not in written
    assert chat.messages[-1]["content"] == "\x1b[2J"


def test_thoughts_are_not_a_part_of_the_answer() -> None:
    """Not through a pipe, and never in what the model is told."""
    written, _, chat = talked(lambda _: events(delta(reasoning_content="hm"), delta(content="yes")), "Hi")
    assert "hm" not in written
    assert chat.messages[-1]["content"] == "yes"


def test_verbose_tells_tokens_and_speed(capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, so that a pipe gets the answer alone."""
    talked(lambda _: HELLO, "Hi", arguments=("--verbose",))
    assert "3 tokens read, 2 written, 50.0 a second" in capsys.readouterr().err

"""`python -m serve chat`: a conversation at a terminal, or one answer to what comes through a pipe.

Ctrl-C ends the answer, not the program; what was said of it stays in the conversation. Ctrl-D or /bye ends the program.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import sys
from collections.abc import Callable
from typing import Any

import click

from serve.cli.client import Server
from serve.cli.models import choose
from serve.cli.show import clean
from serve.cli.stream import Counted, Said, pieces
from serve.errors import SetupError

PROMPT, MORE = ">>> ", "... "
FENCE = '"""'
HELP = f"""\
/new            forget the conversation
/system [TEXT]  set the system prompt, or leave it away
/model NAME     go on with another model
/bye            end; so does Ctrl-D
{FENCE}             begins and ends a message of several lines
Ctrl-C          stops an answer"""

Read = Callable[[str], str]
Write = Callable[[str], None]


def run(options: argparse.Namespace, server: Server) -> int:
    """Interactive where a person types; else one question and one answer, so that it can stand in a pipe."""
    chat = Chat(server, choose(server, options.model), options)
    asked = " ".join(options.prompt)
    if not asked and not sys.stdin.isatty():
        asked = sys.stdin.read().strip()
        if not asked:
            raise SetupError("nothing came through standard input: a question is wanted there")
    if asked:
        chat.ask(asked, _write)
        return 0
    with contextlib.suppress(ImportError):
        importlib.import_module("readline")  # lines can be edited, and called back
    click.echo(click.style(f"{chat.model} at {server.url}; /help tells more", dim=True))
    talk(chat, input, _write)
    return 0


class Chat:
    """A conversation with one model: what was said so far, and how to ask on."""

    def __init__(self, server: Server, model: str, options: argparse.Namespace) -> None:
        self.model = model
        self.system: str = options.system or ""
        self.messages: list[dict[str, str]] = []
        self._server = server
        self._settings = {"temperature": options.temperature, "max_tokens": options.max_tokens}
        self._is_verbose = options.verbose

    def ask(self, text: str, write: Write) -> None:
        """One answer, written as it comes. A question that failed is not kept: it can be asked again."""
        self.messages.append({"role": "user", "content": text})
        said: list[str] = []
        try:
            with self._server.stream("/v1/chat/completions", self._body()) as lines:
                self._tell(pieces(lines), said, write)
        finally:
            if said:
                self.messages.append({"role": "assistant", "content": "".join(said)})
            else:
                self.messages.pop()

    def _body(self) -> dict[str, Any]:
        system = [{"role": "system", "content": self.system}] if self.system else []
        set_ = {name: value for name, value in self._settings.items() if value is not None}
        more = {"stream": True, "stream_options": {"include_usage": True}}
        return {"model": self.model, "messages": [*system, *self.messages], **set_, **more}

    def _tell(self, told: Any, said: list[str], write: Write) -> None:
        """Thoughts are dim, and only for people: what reads a pipe wants the answer."""
        is_thinking, shows_thoughts = False, sys.stdout.isatty()
        try:
            for piece in told:
                match piece:
                    case Said(is_thought=True):
                        if shows_thoughts:
                            write(click.style(clean(piece.text), dim=True))
                            is_thinking = True
                    case Said():
                        write(("\n\n" if is_thinking else "") + clean(piece.text))
                        is_thinking = False
                        said.append(piece.text)
                    case Counted() if self._is_verbose:
                        speed = f", {piece.per_s:.1f} a second" if piece.per_s else ""
                        words = f"{piece.num_prompt} tokens read, {piece.num_written} written{speed}"
                        click.echo(click.style(f"\n{words}", dim=True), nl=False, err=True)
        finally:
            write("\n")


def talk(chat: Chat, read: Read, write: Write) -> None:
    """Ask until the person has enough. Errors are told, and the conversation goes on."""
    while True:
        try:
            text = _message(read).strip()
        except EOFError:
            write("\n")
            return
        except KeyboardInterrupt:
            write("\n(Ctrl-D or /bye ends)\n")
            continue
        if text == "/bye":
            return
        if text.startswith("/"):
            write(_command(chat, text) + "\n")
        elif text:
            _ask(chat, text, write)


def _ask(chat: Chat, text: str, write: Write) -> None:
    try:
        chat.ask(text, write)
    except KeyboardInterrupt:
        write("(stopped)\n")
    except SetupError as error:
        write(f"{error}\n")


def _message(read: Read) -> str:
    line = read(PROMPT)
    if not line.startswith(FENCE):
        return line
    lines = [line.removeprefix(FENCE)]
    while not lines[-1].rstrip().endswith(FENCE):
        lines.append(read(MORE))
    return "\n".join(lines).rstrip().removesuffix(FENCE)


def _command(chat: Chat, text: str) -> str:
    name, _, rest = text.partition(" ")
    rest = rest.strip()
    match name:
        case "/new":
            chat.messages.clear()
            return "a new conversation"
        case "/system":
            chat.system = rest
            return "the system prompt is set" if rest else "there is no system prompt"
        case "/model" if rest:
            chat.model = rest
            return f"{rest} answers from now on"
        case "/help":
            return HELP
        case _:
            return f"{clean(name)} is no command here: /help tells them"


def _write(text: str) -> None:
    click.echo(text, nl=False)

"""/chat/{user_id}: the server remembers what was said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from serve.chat.types import Conversation
from serve.messages import Generate, Message, Render, Rendered
from tests.helpers.app import App, running_app
from tests.helpers.fakes import EchoWorker, FakeWorker


class WholeWorker(EchoWorker):
    """Its template writes all messages."""

    def send(self, message: Message) -> None:
        """Answer like one."""
        if isinstance(message, Render):
            self.heard.append(message)
            self.say(Rendered(message.id, " ".join(each.content or "" for each in message.conversation.messages)))
        else:
            super().send(message)


class HoldingWorker(EchoWorker):
    """Answers nothing."""

    hold_back = True


def run(story: Callable[[App], Awaitable[None]], kind: type[FakeWorker] = WholeWorker, **settings: Any) -> None:
    """A story of one application."""

    async def all_of_it() -> None:
        async with running_app(kind, **settings) as app:
            try:
                await story(app)
            finally:
                app.services.history.close()

    asyncio.run(all_of_it())


async def say(app: App, text: str, user: str = "anna", **more: Any) -> dict[str, Any]:
    """One message; what was told."""
    answer = await app.client.post(f"/chat/{user}", json={"message": text, "max_tokens": 8, **more})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def last_prompt(app: App) -> list[str]:
    """What the model was asked last, message by message."""
    prompts = [m.request.prompt for m in app.launcher.workers[0].heard if isinstance(m, Generate)]
    assert isinstance(prompts[-1], Conversation)
    return [f"{message.role}: {message.content}" for message in prompts[-1].messages]


async def history(app: App, user: str = "anna") -> list[str]:
    """What is remembered of a user."""
    told = (await app.client.get(f"/chat/{user}/history")).json()
    assert told["user_id"] == user
    assert told["num_turns"] * 2 == len(told["messages"])
    return [f"{message['role']}: {message['content']}" for message in told["messages"]]


def test_a_conversation_goes_on() -> None:
    """The model gets what was said before; another user's is another one."""

    async def story(app: App) -> None:
        first = await say(app, "one")
        assert (first["response"], first["user_id"], first["context_turns"]) == ("one ", "anna", 0)
        assert first["remembered"] is True
        assert (await say(app, "two", system="Be kind."))["context_turns"] == 1
        assert last_prompt(app) == ["system: Be kind.", "user: one", "assistant: one ", "user: two"]
        await say(app, "three", user="ben")
        assert last_prompt(app) == ["user: three"]
        assert await history(app) == ["user: one", "assistant: one ", "user: two", "assistant: two "]

    run(story)


def test_a_stream_is_remembered_before_its_end_is_told() -> None:
    """Whoever has seen the last event finds the turn in the history."""

    async def story(app: App) -> None:
        answer = await app.client.post("/chat/anna", json={"message": "hello world", "max_tokens": 8, "stream": True})
        *events, done, _ = answer.text.split("\n\n")
        assert done == "data: [DONE]"
        last = json.loads(events[-1].removeprefix("data: "))
        assert (last["done"], last["remembered"], last["user_id"]) == (True, True, "anna")
        assert await history(app) == ["user: hello world", "assistant: hello world "]

    run(story)


def test_who_leaves_early_leaves_no_half_turn_and_nothing_locked() -> None:
    """What was not answered is not remembered, and the next request does not wait for it."""

    async def story(app: App) -> None:
        left = [asyncio.create_task(say(app, "one", stream=stream)) for stream in (True, False)]
        while app.supervisor.num_requests < 1:
            await asyncio.sleep(0)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        worker = app.launcher.workers[0]
        assert isinstance(worker, HoldingWorker)
        worker.hold_back = False
        await say(app, "two")
        assert last_prompt(app) == ["user: two"]
        assert await history(app) == ["user: two", "assistant: two "]

    run(story, HoldingWorker)


def test_a_request_that_is_refused_locks_nothing() -> None:
    """Whatever is wrong with it, and however it is to be answered: the next one is answered."""

    async def story(app: App) -> None:
        for stream in (True, False):
            for headers, more in (
                ({"x-priority": "high"}, {}),
                ({}, {"n": 2}),
                ({}, {"lora": [{"name": "x"}]}),
                ({}, {"model": "other"}),
            ):
                body = {"message": "a", "stream": stream, **more}
                refused = await app.client.post("/chat/anna", json=body, headers=headers)
                assert refused.status_code in (400, 404)
        assert (await say(app, "one"))["context_turns"] == 0

    run(story)


def test_two_requests_of_a_user_come_one_after_the_other() -> None:
    """Each sees all answers before it."""

    async def story(app: App) -> None:
        told = await asyncio.gather(*(say(app, "x") for _ in range(4)))
        assert sorted(each["context_turns"] for each in told) == [0, 1, 2, 3]

    run(story)


def test_the_prompt_is_cut_to_what_the_model_has_room_for() -> None:
    """Whole turns, the oldest first; the history itself stays. The model has 64 tokens, 8 of them for the answer."""

    async def story(app: App) -> None:
        for number in range(8):
            await say(app, f"number{number}")  # a turn is 16 bytes, with the blanks
        told = await say(app, "now")
        assert told["context_turns"] == 3
        assert last_prompt(app)[0] == "user: number5"
        assert len(await history(app)) == 18
        refused = await app.client.post("/chat/anna", json={"message": "y", "max_tokens": 64, "context": False})
        assert refused.status_code == 200  # the fake worker takes everything
        assert refused.json()["context_turns"] == 0

    run(story)


def test_a_question_may_be_asked_without_what_was_said() -> None:
    """`context` false; it is remembered like any other."""

    async def story(app: App) -> None:
        await say(app, "one")
        assert (await say(app, "two", context=False))["context_turns"] == 0
        assert last_prompt(app) == ["user: two"]
        assert len(await history(app)) == 4

    run(story)


@pytest.mark.parametrize("path", ["/chat/anna", "/chat/anna/history"])
def test_a_history_is_forgotten(path: str) -> None:
    """By either path; a second time there is nothing, which is no error."""

    async def story(app: App) -> None:
        await say(app, "one")
        await say(app, "one", user="ben")
        assert (await app.client.delete(path)).json() == {"user_id": "anna", "deleted_turns": 1}
        assert (await app.client.delete(path)).json() == {"user_id": "anna", "deleted_turns": 0}
        assert (await history(app), len(await history(app, "ben"))) == ([], 2)

    run(story)


def test_new_messages_are_what_the_user_says_now() -> None:
    """In OpenAI's form too, with a system message before; earlier turns have no place there."""

    async def story(app: App) -> None:
        user, system = {"role": "user", "content": "hi"}, {"role": "system", "content": "s"}
        answer = await app.client.post("/chat/anna", json={"messages": [system, user], "max_tokens": 4})
        assert answer.json()["response"] == "hi "
        for messages in ([system], [user, user], [user, {"role": "assistant", "content": "a"}], [user, system]):
            refused = await app.client.post("/chat/anna", json={"messages": messages})
            assert (refused.status_code, refused.json()["error"]["param"]) == (400, "messages")
        assert await history(app) == ["user: hi", "assistant: hi "]

    run(story)


@pytest.mark.parametrize("user", ["..%5Cx", "%00", "a%20b", ".hidden", "%C3%A9", "x" * 129])
def test_no_user_id_means_anything_else(user: str) -> None:
    """It is refused for every method."""

    async def story(app: App) -> None:
        for method, path in (("POST", ""), ("DELETE", ""), ("GET", "/history"), ("DELETE", "/history")):
            answer = await app.client.request(method, f"/chat/{user}{path}", json={"message": "a"})
            assert (answer.status_code, answer.json()["error"]["param"]) == (400, "user_id")

    run(story)


def test_openais_path_below_chat_is_still_openais() -> None:
    """Nobody can be called `completions`."""

    async def story(app: App) -> None:
        messages = [{"role": "user", "content": "a"}]
        answer = await app.client.post("/chat/completions", json={"model": "m", "messages": messages})
        assert answer.json()["object"] == "chat.completion"
        assert (await app.client.get("/chat/completions/history")).status_code == 400

    run(story)


def test_histories_are_their_keys_own(tmp_path: Path) -> None:
    """The same user id under two keys is two users."""
    keys = {name: f"a-long-enough-key-of-{name}" for name in ("team-a", "team-b")}
    (tmp_path / "keys").write_text("".join(f"{key} name={name}\n" for name, key in keys.items()))

    async def story(app: App) -> None:
        for name, num_messages in (("team-a", 2), ("team-b", 2), ("team-a", 4)):
            app.client.headers["authorization"] = f"Bearer {keys[name]}"
            await say(app, "x")
            assert len(await history(app)) == num_messages
        assert (await app.client.delete("/chat/anna")).json()["deleted_turns"] == 2

    run(story, api_keys_file=tmp_path / "keys")

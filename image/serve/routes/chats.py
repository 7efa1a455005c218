"""/chat/{user_id}: a conversation that the server remembers, so that a client sends only what is new."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from pydantic import WithJsonSchema
from starlette.requests import Request
from starlette.responses import Response

from serve.answers.frame import Chunk
from serve.chat.types import ChatMessage
from serve.history.fit import fitting
from serve.history.history import Talk
from serve.history.types import TAKEN, USER_PATTERN, Owner, Turn, owner_of
from serve.models import ModelEntry
from serve.routes.answering import with_headers
from serve.routes.counting import count_tokens
from serve.routes.simple import answered
from serve.routes.table import Routes
from serve.services import Services, services_of
from serve.wire.simple import UserChatRequest

router = Routes("history")
posts = Routes("history")

# For the document only: owner_of checks it, in words of its own.
_USERS: dict[str, Any] = {"type": "string", "pattern": f"^{USER_PATTERN}$", "not": {"enum": sorted(TAKEN)}}
UserId = Annotated[str, WithJsonSchema(_USERS)]

# Room for an answer whose length nobody has said: a quarter of the context, but not more than this.
ANSWER_TOKENS = 1024
# A token is at least a byte of text; beside the text there is what the template puts around it.
TEMPLATE_TOKENS, MESSAGE_TOKENS = 256, 16


@posts.post("/chat/{user_id}")
async def chat(body: UserChatRequest, request: Request, user_id: UserId) -> Response:
    """Go on with this user's conversation."""
    services, owner = services_of(request), _owner(request, user_id)
    question = body.said()[-1].content or ""
    entry = services.supervisor.models.find(body.model)
    async with contextlib.AsyncExitStack() as stack:
        talk = await stack.enter_async_context(services.history.talk(owner))
        before = await talk.turns() if body.context else []
        told = await fitting(before, partial(_fits, services, entry, body))

        requests = with_headers(request, [body.request(entry, body.after(_messages(told)))])
        keep = partial(_keep, talk, question, entry.id, {"user_id": user_id, "context_turns": len(told)})
        if not body.stream:
            return await answered(services, entry, requests, streams=False, keep=keep)
        # Nothing that can fail stands between the two: whoever takes the stack gives the turn back.
        return await answered(services, entry, requests, streams=True, keep=keep, holds=stack.pop_all())


@router.get("/chat/{user_id}/history")
async def history(request: Request, user_id: UserId) -> dict[str, Any]:
    """What this user said and was answered, the oldest first."""
    turns = await services_of(request).history.turns(_owner(request, user_id))
    messages = [
        {"role": role, "content": content, "model": turn.model, "timestamp": int(turn.at)}
        for turn in turns
        for role, content in (("user", turn.question), ("assistant", turn.answer))
    ]
    return {"user_id": user_id, "num_turns": len(turns), "messages": messages}


@router.delete("/chat/{user_id}/history")
@router.delete("/chat/{user_id}")
async def clear(request: Request, user_id: UserId) -> dict[str, Any]:
    """Forget this user."""
    num_turns = await services_of(request).history.clear(_owner(request, user_id))
    return {"user_id": user_id, "deleted_turns": num_turns}


def _owner(request: Request, user_id: str) -> Owner:
    """A user belongs to the key that it came with; where there are no keys, to the server."""
    return owner_of(request.scope.get("state", {}).get("key", ""), user_id)


async def _keep(talk: Talk, question: str, model: str, more: Chunk, answer: str) -> Chunk:
    remembered = await talk.add(Turn(question, answer, model, time.time()))
    return {**more, "remembered": remembered}


async def _fits(services: Services, entry: ModelEntry, body: UserChatRequest, turns: Sequence[Turn]) -> bool:
    """Has the model room for these, what is new, and an answer? Asked of its own tokenizer, unless it is clear."""
    conversation = body.after(_messages(turns))
    answer_tokens = body.max_tokens or entry.max_tokens or min(entry.context_tokens // 4, ANSWER_TOKENS)
    room = entry.context_tokens - answer_tokens
    texts = [message.content or "" for message in conversation.messages]
    if sum(len(text.encode()) + MESSAGE_TOKENS for text in texts) + TEMPLATE_TOKENS <= room:
        return True
    return await count_tokens(services, entry.id, conversation) <= room


def _messages(turns: Sequence[Turn]) -> list[ChatMessage]:
    pairs = ((ChatMessage("user", turn.question), ChatMessage("assistant", turn.answer)) for turn in turns)
    return [message for pair in pairs for message in pair]

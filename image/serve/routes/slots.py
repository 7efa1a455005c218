"""POST /slots/{id}?action=save|restore|erase, as llama.cpp's server has it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from serve.engine.slots import SlotAction
from serve.errors import GenerationError, InvalidRequestError, NotFoundError, NotServedError
from serve.messages import SlotActed, SlotOrdered
from serve.routes.answering import json_answer
from serve.routes.table import Routes
from serve.services import services_of
from serve.wire.slots import SlotFile, checked_name

router = Routes("llama.cpp")


@router.post("/slots/{id_slot}")
async def act_on_slot(
    id_slot: str,
    request: Request,
    action: Literal["save", "restore", "erase"] | str = "",
    model: str | None = None,
    body: SlotFile | None = None,
) -> Response:
    """Save what a slot holds to a file, read it back, or erase it; `filename` is in the body of the first two."""
    services = services_of(request)
    folder = services.settings.slot_save_dir
    if folder is None:
        raise NotServedError("this server saves no slots: it is to be started with SLIPWAY_SLOT_SAVE_DIR")
    entry = services.supervisor.models.find(model or (body.model if body is not None else None))
    slot = _slot(id_slot, entry.num_slots, entry.id)
    if action not in set(SlotAction):
        raise InvalidRequestError(f"action is {action!r}: save, restore or erase is allowed", param="action")
    what, name = SlotAction(action), None
    path = Path()
    if what is not SlotAction.ERASE:
        name = checked_name(body.filename if body is not None else None)
        path = folder / name
        await asyncio.to_thread(_check_place, path, what)
    told = await services.supervisor.ask(entry.id, lambda id_: SlotOrdered(id_, slot, what.value, str(path)))
    assert isinstance(told, SlotActed)
    return json_answer(_answer(slot, what, name, told))


def _slot(text: str, num_slots: int, model: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < num_slots):
        raise InvalidRequestError(
            f"there is no slot {text!r}: model {model!r} has those from 0 to {num_slots - 1}", param="id_slot"
        )
    return int(text)


def _check_place(path: Path, what: SlotAction) -> None:
    """Before the worker, whose streams would wait."""
    try:
        if what is SlotAction.SAVE:
            path.parent.mkdir(parents=True, exist_ok=True)
        elif not path.is_file():
            raise NotFoundError(f"there is no {path.name} among the saved slots", param="filename")
    except OSError as error:
        raise GenerationError(f"the folder for slots can't be used: {error.strerror}") from error


def _answer(slot: int, what: SlotAction, name: str | None, told: SlotActed) -> dict[str, Any]:
    if what is SlotAction.ERASE:
        return {"id_slot": slot, "n_erased": told.num_tokens}
    tokens, size = ("n_saved", "n_written") if what is SlotAction.SAVE else ("n_restored", "n_read")
    return {
        "id_slot": slot,
        "filename": name,
        tokens: told.num_tokens,
        size: told.num_bytes,
        "timings": {f"{what.value}_ms": round(told.took_s * 1000, 3)},
    }

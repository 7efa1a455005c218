"""Which server has which model."""

from __future__ import annotations

import asyncio

from serve.relay.shelf import Seen, Shelf
from tests.unit.serve.relay.looped import looped

SERVING = {"state": "serving"}


def shelf_of(world: dict[str, Seen | None]) -> Shelf:
    """Servers that say what `world` says when they are asked."""

    async def ask(server: str) -> Seen | None:
        return world[server]

    return Shelf(tuple(world), ask)


@looped
async def test_a_model_is_found_by_its_id_in_any_case() -> None:
    """Also as Ollama's clients write it."""
    shelf = shelf_of({"a": Seen(True, {"Qwen": SERVING}), "b": Seen(True, {"llama": SERVING})})
    await shelf.look()
    assert (shelf.find("qwen:latest"), shelf.find("LLAMA"), shelf.find("phi")) == ("a", "b", None)


@looped
async def test_the_first_server_that_has_a_model_is_asked() -> None:
    """Two may have it: the order of the setting decides, not that of the answers."""
    shelf = shelf_of({"a": Seen(False, {"m": {"state": "loading"}}), "b": Seen(True, {"m": SERVING})})
    await shelf.look()
    assert shelf.find("m") == "a"
    assert shelf.models == {"m": {"state": "loading"}}


@looped
async def test_who_does_not_answer_is_not_there_until_it_does() -> None:
    """Models come and go while the relay runs."""
    world: dict[str, Seen | None] = {"a": None, "b": Seen(True, {"m": SERVING})}
    shelf = shelf_of(world)
    await shelf.look()
    assert shelf.there == ("b",)
    world |= {"a": Seen(False, {}), "b": None}
    await shelf.look()
    assert (shelf.there, shelf.find("m"), shelf.is_ready) == (("a",), None, False)


@looped
async def test_one_ready_server_is_enough() -> None:
    """A model that fails must not close the door of the others."""
    shelf = shelf_of({"a": Seen(False, {}), "b": Seen(True, {})})
    assert not shelf.is_ready
    await shelf.look()
    assert shelf.is_ready


@looped
async def test_a_server_that_takes_long_keeps_no_other_waiting() -> None:
    """The name of one that does not run may take its time to be unknown."""
    never = asyncio.get_running_loop().create_future()

    async def ask(server: str) -> Seen | None:
        if server == "slow":
            await never
        return Seen(True, {"m": SERVING})

    shelf = Shelf(("slow", "quick"), ask)
    looking = asyncio.create_task(shelf.look_always(0, 0))
    while not shelf.seen:
        await asyncio.sleep(0)
    looking.cancel()
    await asyncio.wait({looking})
    assert shelf.there == ("quick",)

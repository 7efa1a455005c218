"""Tests of serve.shelf.registry."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.errors import ConflictError, InvalidRequestError
from serve.models import AdapterEntry, ModelEntry, Models, fold
from serve.shelf.registry import Names, Registry
from serve.supervision.ports import Found, Options

OPTIONS = Options(Path("/m"), num_threads=1, step_tokens=16, max_waiting=3, start_s=20, silence_s=1.5, stuck_s=60)
ENTRY = ModelEntry(
    id="set",
    file="set.gguf",
    num_slots=2,
    context_tokens=64,
    aliases=("known",),
    adapters=(AdapterEntry("a", "a.gguf"),),
)


def found(*files: str) -> list[Found]:
    """In the folder."""
    return [Found(file, (file,), 1, 1, ()) for file in files]


def make(*files: str, names: Names | None = None) -> Registry:
    """One configured model, and these files."""
    registry = Registry(Models((ENTRY,)), OPTIONS, names or Names())
    registry.set_found(found(*files))
    return registry


def ids(registry: Registry) -> list[str]:
    """Of all models."""
    return [entry.id for entry in registry.models.models]


def copy(registry: Registry, id_: str, name: str) -> None:
    """As the catalogue does."""
    registry.set_names(registry.with_copy(id_, name))


def test_found_models_are_beside_the_configured_ones() -> None:
    """Loaded when asked for; what belongs to a configured model is none."""
    registry = make("B_1.gguf", "set.gguf", "a.gguf", "c.gguf")
    assert ids(registry) == ["set", "b-1", "c"]
    entry = registry.models.find("b-1")
    assert (entry.load, entry.num_slots, entry.context_tokens) == ("on_demand", 4, 4096)
    assert registry.found("set") is None
    assert registry.found("c") is not None
    assert registry.set_found(found("c.gguf", "d.gguf")) == ["d"]


def test_of_two_with_one_name_one_is_served(caplog: pytest.LogCaptureFixture) -> None:
    """Configured names win; the other one is told of, once."""
    registry = make("KNOWN.gguf", "x_y.gguf", "x-y.gguf")
    registry.set_found(found("KNOWN.gguf", "x_y.gguf", "x-y.gguf"))
    assert ids(registry) == ["set", "x-y"]
    assert "KNOWN.gguf is not served: there is another model 'known'" in caplog.text
    assert caplog.text.count("is not served") == 2


def test_a_copied_name_is_one_more_name() -> None:
    """Of any model, with or without Ollama's suffix, in any case; and gone when it is forgotten."""
    registry = make("b.gguf")
    copy(registry, "b", "My-Copy:latest")
    assert registry.models.find("my-copy").id == registry.models.find("MY-COPY:latest").id == "b"
    copy(registry, "set", "my-copy")  # given anew
    assert registry.models.find("my-copy").id == "set"
    registry.set_names(registry.without(registry.copied("my-COPY") or ""))
    assert registry.models.get("my-copy") is None


def test_the_name_of_another_model_can_not_be_taken() -> None:
    """Its own is no change."""
    registry = make("b.gguf")
    with pytest.raises(ConflictError, match="'KNOWN' is the model 'set'"):
        registry.with_copy("b", "KNOWN")
    assert registry.with_copy("set", "known") is registry.names


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 201, " a", ":latest"])
def test_a_name_must_be_one(name: str) -> None:
    """It goes into logs and lists."""
    with pytest.raises(InvalidRequestError, match="1 to 200 printable characters"):
        make().with_copy("set", name)


def test_who_copies_and_removes_has_renamed() -> None:
    """The model goes on under the copied name, also after it was away for a while."""
    registry = make("b.gguf")
    copy(registry, "b", "new")
    copy(registry, "b", "newer")
    names = registry.with_heir(registry.models.find("b"))
    assert names is not None
    registry.set_names(names)
    assert ids(registry) == ["set", "new"]
    assert registry.models.find("newer").id == "new"
    registry.set_found([])
    registry.set_found(found("b.gguf"))
    assert registry.models.find("newer").file == "b.gguf"
    assert registry.with_heir(registry.models.find("set")) is None


def test_a_model_that_comes_wins_over_a_copied_name() -> None:
    """It is kept for the time after."""
    registry = make("b.gguf")
    copy(registry, "b", "c")
    registry.set_found(found("b.gguf", "c.gguf"))
    assert registry.models.find("c").file == "c.gguf"
    registry.set_found(found("b.gguf"))
    assert registry.models.find("c").file == "b.gguf"


def test_a_part_of_a_split_model_leads_to_it() -> None:
    """Whichever of them was pulled."""
    registry = make("m-00001-of-00002.gguf")
    assert registry.of_file("m-00002-of-00002.gguf") == ["m"]
    assert registry.of_file("other.gguf") == []


@given(
    st.lists(st.sampled_from(["a_b", "A-b", "c", "known", "set", "d"]), unique=True),
    st.lists(st.tuples(st.sampled_from(["set", "c", "d", "a-b"]), st.sampled_from(["x", "X:latest", "c", "d", "y"]))),
)
def test_each_name_means_one_model(files: list[str], copies: list[tuple[str, str]]) -> None:
    """Whatever was found and copied."""
    registry = make(*(f"{name}.gguf" for name in files))
    for id_, name in copies:
        if id_ in ids(registry):
            try:
                copy(registry, id_, name)
            except ConflictError:
                assert registry.models.get(name) is not None
    registry.set_found(found(*(f"{name}.gguf" for name in files[1:])))
    names = [fold(name) for entry in registry.models.models for name in (entry.id, *entry.aliases)]
    assert len(names) == len(set(names))


def test_a_found_model_keeps_the_adapters_that_it_was_given() -> None:
    """Also over the next look at the folder, and their files are no models then."""
    registry = make("big.gguf", "lora.gguf")
    assert ids(registry) == ["set", "big", "lora"]
    given = (AdapterEntry("b", "lora.gguf", 0.5),)
    registry.replace(replace(registry.models.find("big"), adapters=given))
    registry.set_found(found("big.gguf", "lora.gguf"))
    assert ids(registry) == ["set", "big"]
    assert registry.models.find("big").adapters == given

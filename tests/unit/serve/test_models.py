"""Tests of serve.models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from serve.engine.types import Sampling
from serve.errors import InvalidRequestError, ModelNotFoundError, SetupError
from serve.models import ModelEntry, Models, SamplingDefaults, SourceEntry, load_models

GOOD: dict[str, Any] = {"id": "m", "file": "m.gguf", "num_slots": 4, "context_tokens": 2048}


def load(tmp_path: Path, *entries: dict[str, Any]) -> Models:
    """Through a file, as the server does."""
    path = tmp_path / "models.json"
    path.write_text(json.dumps({"models": list(entries)}))
    return load_models(path)


def test_a_full_entry_is_read(tmp_path: Path) -> None:
    """Every key has its place."""
    more = {
        "sha256": "a" * 64,
        "chat_template": "{{ messages }}",
        "chat_template_kwargs": {"enable_thinking": False},
        "stop": ["\n"],
        "aliases": ["other"],
        "sampling": {"temperature": 0.0, "top_k": 5},
    }
    models = load(tmp_path, GOOD | more)
    assert models.find("other") == ModelEntry(
        id="m",
        file="m.gguf",
        num_slots=4,
        context_tokens=2048,
        sha256="a" * 64,
        chat_template="{{ messages }}",
        chat_template_kwargs={"enable_thinking": False},
        stop=("\n",),
        aliases=("other",),
        sampling=SamplingDefaults(temperature=0.0, top_k=5),
    )


def test_what_is_not_said_has_one_default(tmp_path: Path) -> None:
    """Sampling that a model does not set is the engine's own."""
    assert load(tmp_path, GOOD).find("m").sampling.sampling() == Sampling()
    assert SamplingDefaults(top_p=0.5).sampling() == Sampling(top_p=0.5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"num_slots": 0}, r"models\[0\]\.num_slots is 0: input should be greater than or equal to 1"),
        ({"num_slots": "4"}, r"models\[0\]\.num_slots is '4': input should be a valid integer"),
        ({"slots": 4}, r"models\[0\]\.slots is 4: unexpected keyword argument"),
        ({"file": "../etc/passwd.gguf"}, r"models\[0\]\.file is '\.\./etc/passwd\.gguf': string should match"),
        ({"file": "m.bin"}, r"models\[0\]\.file is 'm\.bin'"),
        ({"sha256": "abc"}, r"models\[0\]\.sha256 is 'abc'"),
        ({"sampling": {"temperature": 3}}, r"models\[0\]\.sampling\.temperature is 3"),
        ({"chat_template_kwargs": {"tools": []}}, r"chat_template_kwargs is .*: tools is the server's own"),
        ({"sampling": {"heat": 3}}, r"models\[0\]\.sampling\.heat is 3"),
    ],
)
def test_a_wrong_key_is_named_with_value_and_what_is_allowed(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    """One line for each mistake."""
    with pytest.raises(SetupError, match=words):
        load(tmp_path, GOOD | change)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    """Nothing that matters is guessed."""
    with pytest.raises(SetupError, match=r"models\[0\]\.num_slots"):
        load(tmp_path, {k: v for k, v in GOOD.items() if k != "num_slots"})


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    """Otherwise one of the two would never be asked."""
    with pytest.raises(SetupError, match="the name 'm' is there twice"):
        load(tmp_path, GOOD, GOOD | {"id": "n", "aliases": ["m"]})


def test_no_models_at_all_are_refused(tmp_path: Path) -> None:
    """A server without models is a mistake."""
    with pytest.raises(SetupError, match="models is"):
        load(tmp_path)


@pytest.mark.parametrize(("content", "words"), [(None, "No such file"), (b"{", "the file is"), (b"[]", "the file is")])
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes | None, words: str) -> None:
    """Missing, cut, or something else."""
    path = tmp_path / "models.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SetupError, match=words) as caught:
        load_models(path)
    assert str(path) in str(caught.value)


def test_the_text_of_a_variable_is_read_in_place_of_the_file(tmp_path: Path) -> None:
    """Where no file can be mounted there is none; what is wrong in it is said of the variable."""
    nowhere = tmp_path / "none.json"
    assert load_models(nowhere, json.dumps({"models": [GOOD]})).models[0].id == "m"
    with pytest.raises(SetupError, match=r"^SLIPWAY_MODELS_JSON: the file is"):
        load_models(nowhere, "[]")


def test_an_unknown_model_names_those_there_are(tmp_path: Path) -> None:
    """So that the next try is right."""
    with pytest.raises(ModelNotFoundError, match="no model 'x' here: there is m"):
        load(tmp_path, GOOD).find("x")


def test_names_are_found_as_people_write_them(tmp_path: Path) -> None:
    """Ollama's clients say `:latest`; capitals are the same; a name as it is wins."""
    models = load(tmp_path, GOOD | {"id": "Big", "aliases": ["other:latest"]}, GOOD | {"id": "big"})
    for name, id_ in {"Big": "Big", "big": "big", "BIG:latest": "Big", "OTHER": "Big", "other:LATEST": "Big"}.items():
        assert models.find(name).id == id_
    assert models.get("bigger") is None


def test_of_very_many_models_some_are_named(tmp_path: Path) -> None:
    """An error is no list."""
    models = load(tmp_path, *(GOOD | {"id": f"m{number}"} for number in range(50)))
    with pytest.raises(ModelNotFoundError, match=r"there is m0, .*, m19, \.\.\.$"):
        models.find("x")
    with pytest.raises(InvalidRequestError, match="model is missing"):
        models.find(None)
    for name in ("x", None):
        with pytest.raises(ModelNotFoundError, match="there is none"):
            Models(()).find(name)


def test_how_a_model_comes_and_goes_is_read(tmp_path: Path) -> None:
    """By default it is there from the start, and stays."""
    more = {
        "load": "on_demand",
        "pinned": True,
        "load_priority": 3,
        "idle_unload_s": 60,
        "memory_bytes": 1000,
        "source": {"repo": "org/repo", "revision": "v1", "file": "q4/m.gguf", "sha256": "a" * 64},
    }
    entry = load(tmp_path, GOOD | more).find("m")
    assert (entry.load, entry.pinned, entry.load_priority, entry.idle_unload_s) == ("on_demand", True, 3, 60)
    assert entry.source == SourceEntry("org/repo", "v1", "q4/m.gguf", "a" * 64)
    plain = load(tmp_path, GOOD).find("m")
    assert (plain.load, plain.pinned, plain.idle_unload_s, plain.source) == ("preload", False, None, None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"load": "later"}, r"models\[0\]\.load is 'later'"),
        ({"idle_unload_s": -1}, r"models\[0\]\.idle_unload_s is -1"),
        ({"source": {"repo": "norepo"}}, r"models\[0\]\.source\.repo is 'norepo'"),
        ({"source": {}}, r"models\[0\]\.source\.repo"),
        ({"memory_bytes": "1G"}, r"models\[0\]\.memory_bytes is '1G'"),
    ],
)
def test_a_wrong_way_to_come_and_go_is_named(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    """With its key."""
    with pytest.raises(SetupError, match=words):
        load(tmp_path, GOOD | change)

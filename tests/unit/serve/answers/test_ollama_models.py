"""Tests of serve.answers.ollama_models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from serve.answers.ollama_models import (
    FOREVER,
    capabilities,
    details,
    digest,
    full_name,
    is_here,
    listed,
    running,
    shown,
    thinks,
)
from serve.engine.types import ModelInfo, Stats
from serve.models import ModelEntry, SamplingDefaults
from serve.supervision.lifecycle import State
from serve.supervision.ports import Status

INFO = ModelInfo(
    size_bytes=5,
    trained_context_tokens=8192,
    chat_template="{{ messages }}",
    bos="",
    eos="",
    adds_bos=False,
    embedding_size=64,
    num_parameters=1_235_814_432,
    num_vocab=300,
    architecture="llama",
    file_type=15,
)
ENTRY = ModelEntry(id="m", file="Some-Model-7B.Q8_0.gguf", num_slots=1, context_tokens=4096, aliases=("gpt-4o", "x:1b"))
STATUS = Status(
    model="m",
    state=State.SERVING,
    reason="",
    num_requests=0,
    num_restarts=0,
    load_share=1.0,
    first_load_ended=True,
    stats=Stats(),
    info=INFO,
    written_at=1_700_000_000,
    size_bytes=1000,
    memory_bytes=2000,
)


def info(**changes: Any) -> ModelInfo:
    """Of a model that says something else."""
    return replace(INFO, **changes)


@pytest.mark.parametrize(
    ("name", "full"), [("m", "m:latest"), ("m:1b", "m:1b"), ("a/m", "a/m:latest"), ("host:80/m", "host:80/m:latest")]
)
def test_every_name_has_a_tag(name: str, full: str) -> None:
    """As Ollama's programs compare them."""
    assert full_name(name) == full


def test_a_model_is_listed_under_all_its_names() -> None:
    """With the same digest."""
    found = listed(ENTRY, STATUS)
    assert [(each["name"], each["model"]) for each in found] == [(n, n) for n in ("m:latest", "gpt-4o:latest", "x:1b")]
    assert len({each["digest"] for each in found}) == 1
    assert (found[0]["modified_at"], found[0]["size"]) == ("2023-11-14T22:13:20.000000000Z", 1000)


@pytest.mark.parametrize("state", State)
def test_a_model_is_here_with_its_weights(state: State) -> None:
    """Whether it serves or not."""
    assert is_here(replace(STATUS, state=state)) == (state not in (State.ABSENT, State.PULLING))


def test_a_digest_is_that_of_the_weights() -> None:
    """Where it is known; else it changes with the file, and with nothing else."""
    assert digest(replace(ENTRY, sha256="ab" * 32), STATUS) == "ab" * 32
    made = digest(ENTRY, STATUS)
    assert len(made) == 64
    assert digest(ENTRY, replace(STATUS, num_requests=5)) == made
    assert made not in (digest(ENTRY, replace(STATUS, written_at=1)), digest(ENTRY, replace(STATUS, size_bytes=1)))


def test_details_are_what_the_file_says() -> None:
    """As Ollama writes them."""
    assert details(ENTRY, INFO) == {
        "parent_model": "",
        "format": "gguf",
        "family": "llama",
        "families": ["llama"],
        "parameter_size": "1.2B",
        "quantization_level": "Q4_K_M",
    }


@pytest.mark.parametrize(
    ("file", "size", "quant"),
    [
        ("Some-Model-7B.Q8_0.gguf", "7B", "Q8_0"),
        ("tinyllama-1.1b-chat-v1.0.Q2_K.gguf", "1.1B", "Q2_K"),
        ("qwen2.5-0.5b-instruct-q4_k_m.gguf", "0.5B", "Q4_K_M"),
        ("gemma-3-270m-it-IQ4_XS.gguf", "270M", "IQ4_XS"),
        ("gpt-oss-20b-mxfp4.gguf", "20B", "MXFP4"),
        ("model-f16.gguf", "unknown", "F16"),
        ("model-BF16-00001-of-00002.gguf", "unknown", "BF16"),
        ("tiny.gguf", "unknown", "unknown"),
    ],
)
def test_until_it_was_loaded_its_name_is_all_there_is(file: str, size: str, quant: str) -> None:
    """What the name does not say is not known."""
    found = details(replace(ENTRY, file=file), None)
    assert (found["family"], found["parameter_size"], found["quantization_level"]) == ("unknown", size, quant)


def test_a_file_that_does_not_say_how_it_is_quantized_has_a_name() -> None:
    """And that may say it."""
    assert details(ENTRY, info(file_type=-1))["quantization_level"] == "Q8_0"
    assert details(ENTRY, info(file_type=4))["quantization_level"] == "Q8_0"


@pytest.mark.parametrize(
    ("number", "shown_"),
    [
        (7_000_000_000, "7B"),
        (7_241_732_096, "7.2B"),
        (268_098_176, "268.10M"),
        (270_000_000, "270M"),
        (45_000, "45K"),
        (5, "5"),
    ],
)
def test_numbers_are_rounded_as_ollama_does(number: int, shown_: str) -> None:
    """For people."""
    assert details(ENTRY, info(num_parameters=number))["parameter_size"] == shown_


@pytest.mark.parametrize(
    ("known", "found"),
    [
        (INFO, ["completion", "tools"]),
        (info(chat_template=None), ["completion"]),
        (info(chat_template="<think> {{ messages }}"), ["completion", "tools", "thinking"]),
        (info(chat_template="<|start|> <|channel|>"), ["completion", "tools", "thinking"]),
        (info(generates=False), ["embedding"]),
        (None, ["completion", "tools"]),
    ],
)
def test_what_may_be_asked_of_a_model(known: ModelInfo | None, found: list[str]) -> None:
    """Tools of every model that chats."""
    assert capabilities(ENTRY, known) == found


def test_a_name_may_say_that_a_model_embeds() -> None:
    """Until it is known."""
    entry = replace(ENTRY, file="nomic-embed-text-v1.5.f16.gguf")
    assert capabilities(entry, None) == ["embedding"]
    assert capabilities(entry, INFO) == ["completion", "tools"]


def test_a_template_of_models_json_wins() -> None:
    """Also where it thinks and the file's own does not."""
    assert thinks(replace(ENTRY, chat_template="[THINK]"), INFO)
    assert not thinks(ENTRY, INFO)


def test_a_running_model_says_what_it_takes_and_until_when() -> None:
    """For ever is a date that no program has trouble with."""
    found = running(ENTRY, STATUS)
    assert (found["name"], found["size"], found["context_length"]) == ("m:latest", 2000, 4096)
    assert found["expires_at"] == FOREVER
    assert running(ENTRY, replace(STATUS, unload_at=1_700_000_000.5))["expires_at"].startswith("2023-11-14T22:13:20.5")
    assert running(ENTRY, replace(STATUS, memory_bytes=0))["size"] == 1000


def test_all_that_is_known_of_a_model() -> None:
    """The context is what fits here: clients read it to know how much they may send."""
    entry = replace(ENTRY, sampling=SamplingDefaults(temperature=0.5, top_k=3), stop=("\n",))
    found = shown(entry, STATUS)
    assert found["template"] == "{{ messages }}"
    assert found["model_info"] == {
        "general.architecture": "llama",
        "llama.context_length": 4096,
        "general.parameter_count": 1_235_814_432,
        "general.file_type": 15,
        "llama.embedding_length": 64,
        "llama.vocab_size": 300,
    }
    assert [line.split() for line in found["parameters"].splitlines()][:3] == [
        ["num_ctx", "4096"],
        ["temperature", "0.5"],
        ["top_k", "3"],
    ]
    assert found["parameters"].splitlines()[3].split() == ["stop", '"\\n"']
    assert found["modelfile"].startswith("FROM Some-Model-7B.Q8_0.gguf\nPARAMETER num_ctx 4096\n")


def test_a_model_that_was_never_loaded_has_a_context_too() -> None:
    """Under the architecture that it names, as clients look for it."""
    found = shown(ENTRY, replace(STATUS, info=None))["model_info"]
    assert found[f"{found['general.architecture']}.context_length"] == 4096

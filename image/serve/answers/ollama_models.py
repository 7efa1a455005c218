"""Models as Ollama tells of them: in lists, while they run, one by one.

What a file says of itself is known when it was loaded once; until then its name is all there is.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict

from serve.answers.frame import Chunk
from serve.answers.ollama import moment
from serve.chat.formats.detect import detect
from serve.engine.types import ModelInfo
from serve.models import ModelEntry
from serve.supervision.lifecycle import State
from serve.supervision.ports import Status

UNKNOWN = "unknown"  # Ollama's word, too
FOREVER = "9999-12-31T23:59:59Z"
_NS = 1_000_000_000
_NOT_HERE = (State.ABSENT, State.PULLING)
_QUANT = re.compile(r"(?<![a-z0-9])((?:i?q|tq)\d[a-z0-9_]*|bf16|f16|f32|mxfp4[a-z0-9_]*|nvfp4)(?![a-z0-9])", re.I)
_SIZE = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?[bm])(?![a-z0-9])", re.I)
_EMBEDS = re.compile(r"embed|\bbge\b|\bgte\b|minilm", re.I)
# llama.cpp's llama_ftype: general.file_type.
_FILE_TYPES = {
    **dict(enumerate(("F32", "F16", "Q4_0", "Q4_1"))),
    **dict(enumerate(("Q8_0", "Q5_0", "Q5_1", "Q2_K", "Q3_K_S", "Q3_K_M", "Q3_K_L", "Q4_K_S", "Q4_K_M"), 7)),
    **dict(enumerate(("Q5_K_S", "Q5_K_M", "Q6_K", "IQ2_XXS", "IQ2_XS", "Q2_K_S", "IQ3_XS", "IQ3_XXS"), 16)),
    **dict(enumerate(("IQ1_S", "IQ4_NL", "IQ3_S", "IQ3_M", "IQ2_S", "IQ2_M", "IQ4_XS", "IQ1_M", "BF16"), 24)),
    **dict(enumerate(("TQ1_0", "TQ2_0", "MXFP4_MOE"), 36)),
}
_SAMPLING = (
    "temperature",
    "top_k",
    "top_p",
    "min_p",
    "repeat_penalty",
    "frequency_penalty",
    "presence_penalty",
    "seed",
)


def full_name(name: str) -> str:
    """With a tag, as Ollama shows every name."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def is_here(status: Status) -> bool:
    """Are its weights on the disk?"""
    return status.state not in _NOT_HERE


def listed(entry: ModelEntry, status: Status) -> list[Chunk]:
    """A model under each of its names."""
    about = {
        "modified_at": moment(status.written_at * _NS),
        "size": status.size_bytes,
        "digest": digest(entry, status),
        "details": details(entry, status.info),
        "capabilities": capabilities(entry, status.info),
    }
    return [{"name": name, "model": name} | about for name in map(full_name, (entry.id, *entry.aliases))]


def running(entry: ModelEntry, status: Status) -> Chunk:
    """A model that is loaded. Which part of it is in a GPU's memory is not known here."""
    name = full_name(entry.id)
    return {
        "name": name,
        "model": name,
        "size": status.memory_bytes or status.size_bytes,
        "digest": digest(entry, status),
        "details": details(entry, status.info),
        "expires_at": FOREVER if status.unload_at is None else moment(round(status.unload_at * _NS)),
        "size_vram": 0,
        "context_length": entry.context_tokens,
    }


def shown(entry: ModelEntry, status: Status) -> Chunk:
    """All that is known of a model."""
    info = status.info
    parameters = _parameters(entry)
    lines = [f"{name:<30} {value}" for name, value in parameters]
    modelfile = [f"FROM {entry.file}", *(f"PARAMETER {name} {value}" for name, value in parameters)]
    return {
        "modelfile": "\n".join(modelfile),
        "parameters": "\n".join(lines),
        "template": template_of(entry, info),
        "details": details(entry, info),
        "model_info": _metadata(entry, info),
        "capabilities": capabilities(entry, info),
        "modified_at": moment(status.written_at * _NS),
    }


def details(entry: ModelEntry, info: ModelInfo | None) -> Chunk:
    """What kind of model it is."""
    family = info.architecture if info else ""
    return {
        "parent_model": "",
        "format": "gguf",
        "family": family or UNKNOWN,
        "families": [family or UNKNOWN],
        "parameter_size": _human(info.num_parameters) if info else _found(_SIZE, entry.file),
        "quantization_level": (_FILE_TYPES.get(info.file_type) if info else None) or _found(_QUANT, entry.file),
    }


def capabilities(entry: ModelEntry, info: ModelInfo | None) -> list[str]:
    """What may be asked of it. Tools are for every model that chats: see docs/chat.md."""
    if (info and not info.generates) or (info is None and _EMBEDS.search(entry.file)):
        return ["embedding"]
    chats = info is None or bool(template_of(entry, info))
    return ["completion", *(["tools"] if chats else []), *(["thinking"] if thinks(entry, info) else [])]


def thinks(entry: ModelEntry, info: ModelInfo | None) -> bool:
    """Does its template know thoughts?"""
    form = detect(template_of(entry, info), describes_tools=False)
    return form.thoughts is not None or form.is_harmony


def template_of(entry: ModelEntry, info: ModelInfo | None) -> str:
    """Its chat template, as far as it is known."""
    return entry.chat_template or (info.chat_template if info else None) or ""


def digest(entry: ModelEntry, status: Status) -> str:
    """Of the weights, where it is known; else what changes when the file does. (Ollama's is of a manifest.)"""
    return entry.sha256 or sha256_of(f"{entry.file} {status.size_bytes} {status.written_at}")


def sha256_of(text: str) -> str:
    """A digest to tell things apart by."""
    return hashlib.sha256(text.encode()).hexdigest()


def _metadata(entry: ModelEntry, info: ModelInfo | None) -> Chunk:
    """Under the names of GGUF. The context is what fits here: clients read it to know how much they may send."""
    family = (info.architecture if info else "") or UNKNOWN
    known: Chunk = {"general.architecture": family, f"{family}.context_length": entry.context_tokens}
    if info is not None:
        known |= {
            "general.parameter_count": info.num_parameters,
            "general.file_type": info.file_type,
            f"{family}.embedding_length": info.embedding_size,
            f"{family}.vocab_size": info.num_vocab,
        }
    return known


def _parameters(entry: ModelEntry) -> list[tuple[str, str]]:
    given = {"num_ctx": entry.context_tokens} | asdict(entry.sampling)
    found = [(name, str(value)) for name, value in given.items() if value is not None]
    return found + [("stop", json.dumps(stop)) for stop in entry.stop]


def _human(number: int) -> str:
    """As Ollama rounds."""
    for unit, digits, letter in ((1e9, 1, "B"), (1e6, 2, "M"), (1e3, 0, "K")):
        if number >= unit:
            return f"{number / unit:.{0 if number % unit == 0 else digits}f}{letter}"
    return str(number)


def _found(pattern: re.Pattern[str], file: str) -> str:
    found = pattern.search(file.removesuffix(".gguf"))
    return found[1].upper() if found else UNKNOWN

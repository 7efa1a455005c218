"""llama-server's command line -> our settings and models.json, or the real server's command line with our models. Pure.

What we do without a flag (continuous batching, Jinja) and what we do not have is passed over: the tests will tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.llama_server.models import stand_in

WITHOUT_VALUE = frozenset(
    {
        "--offline", "--cont-batching", "--embedding", "--reranking", "--metrics", "--kv-unified", "--swa-full",
        "--slots", "--no-slots", "--verbose", "--context-shift", "--no-ui", "--no-models-autoload", "--jinja",
        "--no-jinja", "--no-mmproj", "--no-cache-idle-slots", "--ui-mcp-proxy", "--backend_sampling",
    }
)  # fmt: skip
OF_THE_MODEL = frozenset({"--hf-repo", "--hf-file", "--model-url", "--offline"})
ALIASES = (
    "davinci-002", "gpt-3.5-turbo", "gpt-3.5-turbo-instruct", "gpt-4.1", "text-embedding-3-small", "codellama70b",
    "test",
)  # fmt: skip
"""Names that clients of the suite send; llama-server answers to any."""
LEAST_CONTEXT = 64
NOT_AN_ORIGIN = ("localhost", "")
"""What llama-server takes for a group of origins."""
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@dataclass(frozen=True, slots=True)
class Command:
    """How our server is to be started. `api_key` is for a file: ours takes none on its command line."""

    environ: dict[str, str]
    models: dict[str, Any]
    api_key: str | None = None


@dataclass(slots=True)
class _Flags:
    """The last value of each, and all of those that may come several times."""

    values: dict[str, str] = field(default_factory=dict)
    loras: list[str] = field(default_factory=list)

    def number(self, name: str, default: int) -> int:
        return int(self.values.get(name, default))


def ours(argv: Sequence[str]) -> Command:
    """In our words."""
    flags = _read(argv)
    num_slots = flags.number("--parallel", 4)
    shares = 1 if "--kv-unified" in flags.values else num_slots
    names = sorted(flags.values.get("--alias", "model").split(","))  # as llama-server does: the first by the alphabet
    predict = flags.number("--n-predict", -1)
    entry: dict[str, Any] = {
        "id": names[0],
        "file": model_of(flags.values),
        "num_slots": num_slots,
        "context_tokens": max(LEAST_CONTEXT, flags.number("--ctx-size", 4096) // shares),
        "aliases": [*names[1:], *(alias for alias in ALIASES if alias not in names)],
        "sampling": {"temperature": float(flags.values.get("--temp", 0.8)), "seed": flags.number("--seed", 42)},
        "adapters": [{"name": Path(path).stem, "file": Path(path).name, "scale": 1.0} for path in flags.loras],
    }
    if predict > 0:
        entry["max_tokens"] = predict
    if template := _template(flags.values):
        entry["chat_template"] = template
    if (reasoning := flags.values.get("--reasoning", "auto")) != "auto":
        entry["chat_template_kwargs"] = {"enable_thinking": reasoning == "on"}
    if flags.values.get("--spec-type", "").startswith("ngram"):
        entry["draft_tokens"] = flags.number("--spec-draft-n-max", 8)
    environ = {
        "SLIPWAY_HOST": flags.values.get("--host", "127.0.0.1").split(",")[0],
        "SLIPWAY_PORT": flags.values["--port"],
        "SLIPWAY_STEP_TOKENS": str(max(16, flags.number("--batch-size", 256))),
        "SLIPWAY_MAX_WAITING": "512",
        "SLIPWAY_LOG_LEVEL": "debug" if "--verbose" in flags.values else "warning",
        "SLIPWAY_ADMIN_ROUTES": "on",  # llama-server lets everybody set adapters
    }
    if folder := flags.values.get("--slot-save-path"):
        environ["SLIPWAY_SLOT_SAVE_DIR"] = folder
    if (origins := flags.values.get("--cors-origins", "*")) not in NOT_AN_ORIGIN:
        environ["SLIPWAY_CORS_ORIGINS"] = origins
    return Command(environ, {"models": [entry]}, flags.values.get("--api-key"))


def theirs(argv: Sequence[str], folder: Path) -> list[str]:
    """The same command line for llama-server itself, with our model."""
    kept: list[str] = []
    for name, value in _pairs(argv):
        if name not in OF_THE_MODEL and name != "--model":
            kept += [name] if value is None else [name, value]
    return ["--model", str(folder / model_of(_read(argv).values)), *kept]


def model_of(values: dict[str, str]) -> str:
    """The file that stands for the model that is asked for."""
    return stand_in(" ".join(values.get(name, "") for name in ("--hf-repo", "--hf-file", "--model", "--model-url")))


def _template(values: dict[str, str]) -> str | None:
    if path := values.get("--chat-template-file"):
        return Path(path).read_text()
    given = values.get("--chat-template")
    return CHATML if given == "chatml" else given


def _read(argv: Sequence[str]) -> _Flags:
    flags = _Flags()
    for name, value in _pairs(argv):
        if name == "--lora":
            flags.loras.append(value or "")
        flags.values[name] = value or ""
    return flags


def _pairs(argv: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    items = iter(argv)
    for name in items:
        yield name, None if name in WITHOUT_VALUE else next(items)

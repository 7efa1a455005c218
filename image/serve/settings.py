"""The server's settings: SLIPWAY_* environment variables, read once into one typed object, by nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from serve.errors import SetupError
from serve.gpu.types import Wish
from serve.history.types import Bounds

PREFIX = "SLIPWAY_"

Port = Annotated[int, Field(ge=1, le=65535)]
_HISTORY = Bounds()
Kind = TypeVar("Kind", bound="Settings")


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("an absolute path is allowed")
    return path


class Settings(BaseSettings):
    """Each field is the variable SLIPWAY_<NAME>."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    host: str = "0.0.0.0"  # noqa: S104  (inside a pod it must be reachable from outside)
    port: Port = 8000
    metrics_port: Port = 9090
    models_dir: Path = Path("/models")
    models_file: Path = Path("/etc/slipway/models.json")
    models_json: str = ""  # what would be in the file, where none can be mounted
    colour: str = ""  # blue or green, where there are two versions of a model
    grace_s: Annotated[float, Field(ge=0)] = 25.0  # how long running requests may go on after SIGTERM
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    num_threads: Annotated[int, Field(ge=1)] | None = None  # None: what the CPU quota allows
    step_tokens: Annotated[int, Field(ge=16, le=8192)] = 512  # most tokens in one step: bounds how long a step takes
    mixed_tokens: Annotated[int, Field(ge=16, le=8192)] | None = None  # where streams and prompts meet; None: as many
    gpu: Wish = "auto"  # required: no start without one; off: computed on the CPU
    cublas: Annotated[Path, AfterValidator(_absolute)] | None = None  # a folder with cuBLAS; None: /opt/slipway/cublas
    state_dir: Path | None = None  # where KV state is kept over restarts; None: nowhere
    slot_save_dir: Annotated[Path, AfterValidator(_absolute)] | None = None  # as --slot-save-path; None: none is saved
    state_max_bytes: Annotated[int, Field(ge=0)] = 2 * 1024**3  # of one model
    # Models that come and go.
    discover: bool | None = None  # serve all that is in models_dir; None: where no models are configured
    discovered_slots: Annotated[int, Field(ge=1, le=256)] = 4
    discovered_context_tokens: Annotated[int, Field(ge=64, le=4_194_304)] = 4096  # of each slot
    memory_bytes: Annotated[int, Field(ge=0)] | None = None  # of all workers together; None: what the container has
    idle_unload_s: Annotated[float, Field(ge=0)] = 600.0  # of models that are loaded on demand; 0: never
    load_wait_s: Annotated[float, Field(gt=0)] = 300.0  # how long a request waits until its model is loaded, or pulled
    absent: Literal["wait", "accept", "refuse"] = "wait"  # what a request gets whose model can be pulled: accept is 202
    history_file: Path | None = None  # what users said at /chat/{user_id}; None: in state_dir, or in memory without one
    history_turns: Annotated[int, Field(ge=1)] = _HISTORY.num_turns  # of a user; the oldest go first
    history_user_bytes: Annotated[int, Field(ge=1024)] = _HISTORY.user_bytes
    history_users: Annotated[int, Field(ge=1)] = _HISTORY.num_users  # those who said nothing longest go first
    history_bytes: Annotated[int, Field(ge=1024)] = _HISTORY.total_bytes  # of all users
    deep_s: Annotated[float, Field(gt=0)] = 4.0  # how long /health/deep waits for its token: below a probe's 5 s
    ready_memory_share: Annotated[float, Field(gt=0, le=1)] = 0.98  # of the container's limit; beyond: not ready
    max_waiting: Annotated[int, Field(ge=0)] = 64  # requests of one model that may wait for a slot; beyond: 429
    max_body_bytes: Annotated[int, Field(ge=1024)] = 8 * 1024 * 1024
    # Keys: without a file of them everybody may ask.
    api_keys_file: Path | None = None
    admin_keys_file: Path | None = None  # of those who may pull, delete, load, ...: security/admin.py
    admin_routes: Literal["auto", "on", "off"] = "auto"  # auto: where there are admin keys, or models are discovered
    pull_allow: str = ""  # repositories that may be pulled from, as `TheBloke/*`, separated by commas; none: all
    cors_origins: str = ""  # of web pages that may read answers, separated by commas
    # Connections: what one client may hold, and for how long.
    max_connections: Annotated[int, Field(ge=1)] = 1000
    header_s: Annotated[float, Field(gt=0)] = 10.0  # how long the head of a request may take to come
    body_s: Annotated[float, Field(gt=0)] = 60.0  # and its body
    send_s: Annotated[float, Field(gt=0)] = 60.0  # how long a client may read nothing of an answer that is ready
    lame_duck_s: Annotated[float, Field(ge=0)] = 5.0  # of grace_s: still takes all, until balancers know that it leaves
    start_s: Annotated[float, Field(gt=0)] = 30.0  # how long a new process may take to its first word: Python is slow
    silence_s: Annotated[float, Field(gt=0)] = 1.5  # after that, one that answers no ping for so long is replaced
    stuck_s: Annotated[float, Field(gt=0)] = 120.0  # so is one whose step or prompt takes so long


def load_settings() -> Settings:
    """The server's."""
    return read_settings(Settings)


def read_settings(kind: type[Kind]) -> Kind:
    """Read the environment; SetupError names each variable that is wrong, its value and what is allowed."""
    try:
        return kind()
    except ValidationError as error:
        raise SetupError("; ".join(_line(e["loc"], e["input"], e["msg"]) for e in error.errors())) from error


def _line(loc: tuple[int | str, ...], value: object, message: str) -> str:
    return f"{PREFIX}{str(loc[0]).upper()} is {value!r}: {message[0].lower()}{message[1:]}".replace("value error, ", "")

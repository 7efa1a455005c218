"""The monitor's settings: SERVICES, SERVICES_FILE and MONITOR_* variables, read once into typed values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from health_monitor import services
from health_monitor.errors import SetupError
from health_monitor.services import Count, Pace, Pause, Service
from health_monitor.webhook import Target

PREFIX = "MONITOR_"
SERVICES, SERVICES_FILE = "SERVICES", "SERVICES_FILE"
SECRETS = frozenset({"webhook_url", "webhook_token"})
_PACE = Pace()


class Settings(BaseSettings):
    """Each field is the variable MONITOR_<NAME>, but for the two that say which services there are."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    services: Annotated[str, Field(validation_alias=SERVICES)] = ""
    services_file: Annotated[Path | None, Field(validation_alias=SERVICES_FILE)] = None
    interval_s: Pause = _PACE.interval_s
    timeout_s: Pause = _PACE.timeout_s
    down_after: Count = _PACE.down_after
    up_after: Count = _PACE.up_after
    start_s: Annotated[float, Field(ge=0, le=86_400)] = _PACE.start_s
    jitter: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    backoff_max_s: Pause = 120.0
    host: str = "0.0.0.0"  # noqa: S104  (Prometheus and probes come from outside)
    port: Annotated[int, Field(ge=0, le=65535)] = 9095  # 0: a free one, which the log tells
    webhook_url: SecretStr | None = None
    webhook_url_file: Path | None = None
    webhook_token: SecretStr | None = None
    webhook_token_file: Path | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def load_settings() -> Settings:
    """Read the environment; SetupError names each variable that is wrong, its value and what is allowed."""
    try:
        return Settings()
    except ValidationError as error:
        raise SetupError("; ".join(_line(e["loc"], e["input"], e["msg"]) for e in error.errors())) from None


def watched(settings: Settings) -> tuple[Service, ...]:
    """All services, those of the file last."""
    pace = Pace(settings.interval_s, settings.timeout_s, settings.down_after, settings.up_after, settings.start_s)
    found = services.of_text(settings.services, pace, SERVICES)
    if settings.services_file is None:
        return services.check(found, SERVICES)
    found += services.of_file(settings.services_file, pace, SERVICES_FILE)
    return services.check(found, SERVICES_FILE)


def webhook(settings: Settings) -> Target | None:
    """None where nobody is told."""
    url = _secret("WEBHOOK_URL", settings.webhook_url, settings.webhook_url_file)
    token = _secret("WEBHOOK_TOKEN", settings.webhook_token, settings.webhook_token_file)
    if url is None:
        if token is not None:
            raise SetupError(f"{PREFIX}WEBHOOK_TOKEN needs {PREFIX}WEBHOOK_URL or {PREFIX}WEBHOOK_URL_FILE")
        return None
    if not services.can_be_asked(url):
        raise SetupError(f"{PREFIX}WEBHOOK_URL is no address; allowed: {services.URL_ALLOWED}")
    return Target(url, token)


def _secret(name: str, value: SecretStr | None, file: Path | None) -> str | None:
    """Of the variable or of the file that it names; what it is, no error says."""
    if value is not None and file is not None:
        raise SetupError(f"{PREFIX}{name} and {PREFIX}{name}_FILE are both set; allowed: one of them")
    if file is None:
        return value.get_secret_value() if value is not None else None
    try:
        found = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SetupError(f"{PREFIX}{name}_FILE: {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SetupError(f"{PREFIX}{name}_FILE: {file} is no text") from None
    if not found:
        raise SetupError(f"{PREFIX}{name}_FILE: {file} is empty")
    return found


def _line(loc: tuple[int | str, ...], value: object, message: str) -> str:
    field = str(loc[0])
    name = field if field in (SERVICES, SERVICES_FILE) else f"{PREFIX}{field.upper()}"
    said = "" if field in SECRETS else f" is {value!r}"
    return f"{name}{said}: {message[0].lower()}{message[1:]}"

"""`secrets`: who makes them. Values never come here."""

from collections.abc import Iterator

from infra import names
from infra.config.common import go_together, unless_none
from infra.settings import AUTO, Settings
from infra.stack import SecretsConfig


def check(settings: Settings) -> Iterator[str]:
    """A store where one is needed."""
    found = settings.secrets
    is_external = found.source == "external"
    because = "slipway:secrets.source external"
    yield from go_together("secrets.store", found.store, is_needed=is_external, because=because)


def resolve(stack: str, settings: Settings) -> SecretsConfig:
    """Each stack looks below its own name in the store."""
    found = settings.secrets
    prefix = f"{names.PROJECT}/{stack}" if found.remote_prefix == AUTO else found.remote_prefix
    use = tuple(dict.fromkeys(found.use))
    return SecretsConfig(found.source, use, unless_none(found.store), found.store_kind, prefix, found.refresh_s)

"""The edge to pulumi.Config: the running stack's settings, as its file has them."""

import json

from infra import names
from infra.catalog.types import Catalog
from infra.config import secrets, shared
from infra.config.parse import PREFIX, kinds_of, parse
from infra.endpoints import Endpoints
from infra.errors import ConfigError
from infra.settings import Settings
from infra.stack import StackConfig

NOT_OURS = frozenset({"cost", "policy"})
"""Keys of the same stack file that others read: those of the cost report and of the policy pack."""
SECRET_KEYS = frozenset({"hub_token", "api_keys", "registry_login", "backup_credentials"})
"""Secure keys with a plain secret each. Their values go from Pulumi into a Secret, never through here."""


def load(catalog: Catalog, endpoints: Endpoints, outputs_of: shared.OutputsOf | None = None) -> StackConfig:
    """Read the running stack's settings; `outputs_of` tells what the stack of a shared cluster says of it."""
    import pulumi  # only here: whoever parses a stack file needs no Pulumi

    config = pulumi.Config(names.PROJECT)
    set_keys = {key.removeprefix(PREFIX) for key in pulumi.runtime.get_config_env() if key.startswith(PREFIX)}
    known = {field.alias or name for name, field in Settings.model_fields.items()}
    found = {key: config.get(key) for key in sorted((known | set_keys) - NOT_OURS - SECRET_KEYS)}
    raw = {key: decode(text) for key, text in found.items() if text is not None}
    if outputs_of is not None:
        raw = shared.fill(raw, outputs_of)
    cost = decode(config.get("cost") or "")
    resolved = parse(pulumi.get_stack(), raw, catalog, endpoints, kinds_of(cost))
    encrypted = pulumi.runtime.get_config_secret_keys_env()
    secure = {key: PREFIX + key in encrypted for key in set_keys & SECRET_KEYS}
    if resolved.target == "kubernetes" and (problems := list(secrets.check_values(resolved, secure))):
        raise ConfigError(problems)
    return resolved


def decode(text: str) -> object:
    """Pulumi hands mappings and lists over as JSON, everything else as text."""
    if not text.startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text

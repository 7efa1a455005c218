"""The provider's configuration: what the program or the stack says, with the environment as the default.

The engine gives texts under `kubernetes:config:NAME`; a few options also have a variable in the environment. Options
that only the official provider has are refused by name: ignoring them would do something else than was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tools.plugins.kubernetes.errors import InputError, RefusedError

PREFIX: Final = "kubernetes:config:"

REFUSED: Final = ("renderYamlToDirectory", "alwaysRender", "strictMode")
"""Refused unless empty or false."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the provider is told once."""

    kubeconfig: str = ""
    """A path, or the text itself (YAML or JSON); empty means KUBECONFIG, else the usual file."""
    context: str = ""
    cluster: str = ""
    namespace: str = ""
    """For objects that name none; empty means what the context says."""
    is_config_map_mutable: bool = False
    is_secret_mutable: bool = False
    is_patch_forced: bool = False
    """Take over fields that someone else owns."""
    is_existing_taken_over: bool = False
    """Create updates an object that is there already instead of failing."""
    is_deleted_unreachable: bool = False
    """Forget objects of a cluster that does not answer."""
    is_update_skipped_unreachable: bool = False
    """Leave objects of a cluster that does not answer as they are."""
    are_deprecations_hidden: bool = False


def load(variables: Mapping[str, str], environ: Mapping[str, str]) -> Settings:
    """Settings from what the engine sends, else from the environment."""
    values = {name.removeprefix(PREFIX): text for name, text in variables.items()}
    for name in REFUSED:
        if values.get(name, "false") not in ("", "false"):
            raise RefusedError(f"provider option {name}={values[name]!r}")
    if not _switch(values, environ, "enableServerSideApply", "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY", default=True):
        raise RefusedError("provider option enableServerSideApply='false'")
    return Settings(
        kubeconfig=values.get("kubeconfig", ""),
        context=values.get("context", ""),
        cluster=values.get("cluster", ""),
        namespace=values.get("namespace", ""),
        is_config_map_mutable=_switch(values, environ, "enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
        is_secret_mutable=_switch(values, environ, "enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
        is_patch_forced=_switch(values, environ, "enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
        is_existing_taken_over=_switch(values, environ, "upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
        is_deleted_unreachable=_switch(values, environ, "deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
        is_update_skipped_unreachable=_switch(
            values, environ, "skipUpdateUnreachable", "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE"
        ),
        are_deprecations_hidden=_switch(
            values, environ, "suppressDeprecationWarnings", "PULUMI_K8S_SUPPRESS_DEPRECATION_WARNINGS"
        ),
    )


def _switch(
    values: Mapping[str, str], environ: Mapping[str, str], option: str, variable: str, *, default: bool = False
) -> bool:
    text = values.get(option) or environ.get(variable) or ""
    if not text:
        return default
    if text.lower() not in ("true", "false"):
        raise InputError(f"provider option {option} (or {variable})={text!r}: must be true or false")
    return text.lower() == "true"

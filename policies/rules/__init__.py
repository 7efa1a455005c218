"""All rules, by subject: a rule is a function in one of these modules. `RULES` is all of them, in their order here."""

from types import ModuleType
from typing import Final

from policies.rule import Rule
from policies.rules import (
    disruption,
    elasticity,
    engine_flags,
    engine_ports,
    environment,
    exposure,
    gpu,
    gpu_fit,
    gpu_nodes,
    host,
    identity,
    images,
    ingress,
    jobs,
    kernel,
    labels,
    model_access,
    model_cache,
    model_fit,
    model_source,
    model_startup,
    namespaces,
    network,
    privileges,
    probes,
    profiles,
    quota,
    rbac,
    references,
    resources,
    rollout,
    scaling,
    scheduling,
    security,
    services,
    spot,
    storage,
    users,
    versions,
    volumes,
)

MODULES: Final[tuple[ModuleType, ...]] = (
    privileges,
    users,
    profiles,
    kernel,
    host,
    volumes,
    security,
    scaling,
    elasticity,
    disruption,
    identity,
    rbac,
    images,
    environment,
    resources,
    probes,
    labels,
    storage,
    jobs,
    versions,
    services,
    rollout,
    scheduling,
    network,
    references,
    ingress,
    namespaces,
    exposure,
    quota,
    engine_ports,
    spot,
    gpu,
    gpu_nodes,
    gpu_fit,
    model_fit,
    model_startup,
    model_cache,
    model_source,
    model_access,
    engine_flags,
)


def rules_of(module: ModuleType) -> tuple[Rule, ...]:
    """The rules that a module defines, in their order in the file."""
    return tuple(value for value in vars(module).values() if isinstance(value, Rule))


RULES: Final[tuple[Rule, ...]] = tuple(rule for module in MODULES for rule in rules_of(module))

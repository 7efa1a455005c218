"""The namespaces of a stack with everything that guards them, before any workload comes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from infra import names
from infra.components.objects import create_all, patient
from infra.manifests import all as objects
from infra.manifests.namespaces import namespaces
from infra.manifests.secrets import secrets
from infra.manifests.storage import claims
from infra.plan import Plan
from infra.plan.speeds import NODE_START_S, VOLUME_S


@dataclass(frozen=True, slots=True)
class PlatformArgs:
    """The plan whose namespace is built, and the values of its plain secrets by use."""

    plan: Plan
    secret_values: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


class Platform(pulumi.ComponentResource):
    """Namespaces, quota, limit range, accounts, network policies, secrets and shared volumes."""

    namespace: pulumi.Output[str]

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"{names.PROJECT}:infra:Platform", name, None, opts)
        # Deleting a namespace deletes its volumes, whatever they say themselves.
        kept = pulumi.ResourceOptions(parent=self, protect=args.plan.protect, retain_on_delete=args.plan.protect)
        first = create_all(namespaces(args.plan), kept)
        inside = pulumi.ResourceOptions(parent=self, depends_on=first)
        guards = create_all(objects.guards(args.plan), inside)
        # The quota must know of a claim from its first moment.
        after = pulumi.ResourceOptions(depends_on=guards)
        create_all(secrets(args.plan, args.secret_values), pulumi.ResourceOptions.merge(inside, after))
        volumes = patient(pulumi.ResourceOptions.merge(kept, after), VOLUME_S + NODE_START_S)
        create_all(claims(args.plan), volumes)
        self.namespace = pulumi.Output.from_input(args.plan.namespace)
        self.register_outputs({"namespace": self.namespace})

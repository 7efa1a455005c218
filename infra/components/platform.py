"""The namespaces of a stack with everything that guards them, before any workload comes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from infra import names
from infra.components.objects import create_all
from infra.manifests import all as objects
from infra.manifests.namespaces import namespaces
from infra.plan import Plan


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
        first = create_all(namespaces(args.plan), pulumi.ResourceOptions(parent=self))
        inside = pulumi.ResourceOptions(parent=self, depends_on=first)
        guards = create_all(objects.guards(args.plan), inside)
        # The quota must know of a claim from its first moment.
        create_all(objects.data(args.plan, args.secret_values), pulumi.ResourceOptions(parent=self, depends_on=guards))
        self.namespace = pulumi.Output.from_input(args.plan.namespace)
        self.register_outputs({"namespace": self.namespace})

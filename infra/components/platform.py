"""The namespace of a stack with everything that guards it, before any workload comes."""

from dataclasses import dataclass

import pulumi

from infra import names
from infra.components.objects import create
from infra.manifests import network, platform
from infra.plan import Plan


@dataclass(frozen=True, slots=True)
class PlatformArgs:
    """The plan whose namespace is built."""

    plan: Plan


class Platform(pulumi.ComponentResource):
    """Namespace, quota, limit range, service account and network policies."""

    namespace: pulumi.Output[str]

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"{names.PROJECT}:infra:Platform", name, None, opts)
        namespace = create(platform.namespace(args.plan), pulumi.ResourceOptions(parent=self))
        inside = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        for build in (platform.service_account, platform.resource_quota, platform.limit_range):
            create(build(args.plan), inside)
        for policy in network.network_policies(args.plan):
            create(policy, inside)
        self.namespace = pulumi.Output.from_input(args.plan.namespace)
        self.register_outputs({"namespace": self.namespace})

"""What watches a stack and copies its data: monitors and backups."""

from dataclasses import dataclass

import pulumi

from infra import names
from infra.components.objects import create_all
from infra.manifests.all import Images, operations
from infra.plan import Plan


@dataclass(frozen=True, slots=True)
class OperationsArgs:
    """The plan, and the server's image, which also copies, and the monitor's, if there is one."""

    plan: Plan
    image: pulumi.Output[str]
    monitor: pulumi.Output[str] | None = None


class Operations(pulumi.ComponentResource):
    """Monitors, rules and backups."""

    def __init__(self, name: str, args: OperationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"{names.PROJECT}:infra:Operations", name, None, opts)
        create_all(operations(args.plan, Images(args.image, monitor=args.monitor)), pulumi.ResourceOptions(parent=self))
        self.register_outputs({})

"""The way in from outside."""

from dataclasses import dataclass

import pulumi

from infra import names
from infra.components.objects import create_all
from infra.manifests.edge import edge
from infra.plan import Plan


@dataclass(frozen=True, slots=True)
class EdgeArgs:
    """The plan whose models are reached through it."""

    plan: Plan


class Edge(pulumi.ComponentResource):
    """Ingress or Gateway for all models; `urls` maps each model to its address."""

    urls: dict[str, str]

    def __init__(self, name: str, args: EdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        former = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_=f"{names.PROJECT}:infra:Ingress")])
        super().__init__(f"{names.PROJECT}:infra:Edge", name, None, pulumi.ResourceOptions.merge(opts, former))
        # In another namespace it is another object, and nginx's admission refuses the same host and path twice.
        create_all(edge(args.plan), pulumi.ResourceOptions(parent=self, delete_before_replace=True))
        self.urls = {model.id: model.url for model in args.plan.models}
        self.register_outputs({"urls": self.urls})

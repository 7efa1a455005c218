"""The way in from outside."""

from dataclasses import dataclass

import pulumi

from infra.components import former
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
        super().__init__(former.type_of("Edge"), name, None, former.called(opts, "Ingress"))
        # In another namespace it is another object, and nginx's admission refuses the same host and path twice.
        create_all(edge(args.plan), pulumi.ResourceOptions(parent=self, delete_before_replace=True))
        self.urls = {model.id: model.url for model in args.plan.models}
        self.register_outputs({"urls": self.urls})

"""The way in from outside."""

from dataclasses import dataclass

import pulumi

from infra import names
from infra.components.objects import create
from infra.manifests import ingress
from infra.plan import Plan


@dataclass(frozen=True, slots=True)
class IngressArgs:
    """The plan whose models are reached through it."""

    plan: Plan


class Ingress(pulumi.ComponentResource):
    """One Ingress for all models; `urls` maps each model to its address."""

    urls: dict[str, str]

    def __init__(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"{names.PROJECT}:infra:Ingress", name, None, opts)
        # In another namespace it is another object, and nginx's admission refuses the same host and path twice.
        opts = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        create(ingress.ingress(args.plan), opts)
        self.urls = {model.id: ingress.url(args.plan, model) for model in args.plan.models}
        self.register_outputs({"urls": self.urls})

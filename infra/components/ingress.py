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
        create(ingress.ingress(args.plan), pulumi.ResourceOptions(parent=self))
        self.urls = {model.id: ingress.url(args.plan, model) for model in args.plan.models}
        self.register_outputs({"urls": self.urls})

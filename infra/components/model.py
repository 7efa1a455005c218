"""One served model: configuration, replicas, address, scaling and disruption budget."""

from dataclasses import dataclass

import pulumi

from infra import names
from infra.components.objects import create
from infra.manifests import model as objects
from infra.manifests import scaling
from infra.plan import DRAIN_S, ModelPlan, Plan


@dataclass(frozen=True, slots=True)
class ModelArgs:
    """The model and the image that serves it, by digest."""

    plan: Plan
    model: ModelPlan
    image: pulumi.Output[str]


class Model(pulumi.ComponentResource):
    """Everything of one model except its weights, which must be in place before (`depends_on`)."""

    def __init__(self, name: str, args: ModelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"{names.PROJECT}:infra:Model", name, None, opts)
        plan, model = args.plan, args.model
        config = create(objects.models_config(plan, model), pulumi.ResourceOptions(parent=self))
        timeout = f"{model.probes.progress_deadline_s * (model.replicas.most + 1) + DRAIN_S}s"
        deployment = create(
            objects.deployment(plan, model, args.image),
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[config],
                custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout),
            ),
        )
        # After the Deployment: a Service is only done when it has something to lead to.
        behind = pulumi.ResourceOptions(parent=self, depends_on=[deployment])
        create(objects.service(plan, model), behind)
        create(scaling.disruption_budget(plan, model), behind)
        create(scaling.autoscaler(plan, model), behind)
        self.register_outputs({})

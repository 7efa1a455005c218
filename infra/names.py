"""Every name, label, port and path that more than one place must agree on. Knows no values of a stack."""

import hashlib
import re

PROJECT = "slipway"
DOMAIN = "slipway.dev"

# Ports and paths of the image; they are passed to the server, so both ends agree.
HTTP_PORT, HTTP_PORT_NAME = 8000, "http"
METRICS_PORT, METRICS_PORT_NAME = 9090, "metrics"
TUNNEL_PORT = 20241  # of cloudflared's own health and metrics
MONITOR_PORT = 9095
SERVICE_PORT = 80
# What the Ingress lets in. The server's /metrics is not among them: that is for Prometheus, on its own port.
PUBLIC_PATHS = (("/v1", "Prefix"), ("/health", "Prefix"), ("/healthz", "Exact"), ("/ready", "Exact"), ("/", "Exact"))
MODELS_DIR = "/models"
CONFIG_DIR = "/etc/slipway"
MODELS_FILE_NAME = "models.json"
SECRETS_DIR = "/run/secrets/slipway"
CUBLAS_DIR = "/opt/slipway/cublas"  # where the image for GPUs looks for the real cuBLAS
SOURCE_DIR = "/source"  # where a weights image is mounted; its file is under weights/
NOBODY = 65534

GPU = "nvidia.com/gpu"  # the resource that the device plugin offers, and the taint of its nodes

# Objects of which a namespace has one.
QUOTA = "slipway"
LIMIT_RANGE = "slipway"
INGRESS = "slipway"
SERVE_CONTAINER = "serve"
WEIGHTS_CONTAINER = "weights"
BASE_IMAGE = "debian:bookworm-slim"  # the name in the Dockerfiles' FROM, and of the build context that may replace it

# Roles of pods; network policies select by them.
ROLE_LABEL = f"{DOMAIN}/role"
MODEL_LABEL = f"{DOMAIN}/model"
HARDWARE_LABEL = f"{DOMAIN}/hardware"  # cpu or gpu: whose pods should share nodes
TIER_LABEL = f"{DOMAIN}/tier"  # base or burst: a model's pods on nodes that stay, and those on spot
PULLS_LABEL = f"{DOMAIN}/pulls"  # pods of a model that download before they start
TUNNEL_LABEL = f"{DOMAIN}/tunnel"  # pods of a model that Cloudflare leads requests to
ROLE_MODEL = "model"
ROLE_FILL = "fill"  # copies weights from an image volume: no network at all
ROLE_PULL = "pull"  # downloads weights: DNS and the hub, nothing else
ROLE_BACKUP = "backup"  # copies what must not be lost, and back
ROLE_MONITOR = "health-monitor"  # asks the models whether they are well
CONFIG_HASH = f"{DOMAIN}/config-hash"
# Who answers for an object and who pays for it; budgets and reports group by these.
OWNER_LABEL = f"{DOMAIN}/owner"
STACK_LABEL = f"{DOMAIN}/stack"
COST_CENTRE_LABEL = f"{DOMAIN}/cost-centre"
MAX_LABEL_CHARS = 63

# Model ids become Service names (DNS-1035) and get a suffix, so they are shorter than the 63 that DNS allows.
MODEL_ID = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")
MODEL_ID_ALLOWED = "lower-case letters, digits and dashes, starting with a letter, at most 40"
PRODUCTION_WORDS = frozenset({"prod", "production", "live"})
DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
DNS_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


def short_hash(*parts: str) -> str:
    """Eight hex digits that change with any part."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]


def common_labels() -> dict[str, str]:
    """Labels of every object and pod."""
    return {
        "app.kubernetes.io/name": PROJECT,
        "app.kubernetes.io/part-of": PROJECT,
        "app.kubernetes.io/managed-by": "pulumi",
    }


def model_labels(model_id: str, role: str) -> dict[str, str]:
    """Labels of one model's objects and pods; part of what a Job is, so they never change."""
    return {**common_labels(), "app.kubernetes.io/name": model_id, MODEL_LABEL: model_id, ROLE_LABEL: role}


def ownership_labels(owner: str, stack: str, cost_centre: str) -> dict[str, str]:
    """Labels of every object, and of the pods that serve; they may change with the stack file."""
    name = stack[:MAX_LABEL_CHARS].rstrip("-_.")
    return {OWNER_LABEL: owner, STACK_LABEL: name, COST_CENTRE_LABEL: cost_centre}


def model_selector(model_id: str) -> dict[str, str]:
    """What Services and policies select by: all tiers of a model; never changes."""
    return {MODEL_LABEL: model_id, ROLE_LABEL: ROLE_MODEL}


def tier_selector(model_id: str, tier: str) -> dict[str, str]:
    """What the Deployment, the autoscaler and the budget of one tier count; never changes."""
    return {**model_selector(model_id), TIER_LABEL: tier}


def tier_object(model_id: str, tier: str) -> str:
    """Name of a tier's Deployment and autoscaler: the base has the model's own."""
    return model_id if tier == "base" else f"{model_id}-{tier}"


def is_production(stack: str) -> bool:
    """Whether people rely on a stack, by what it is called: prod, team-a-production, live."""
    return bool(PRODUCTION_WORDS & set(re.split(r"[^a-z0-9]+", stack.lower())))


def account(role: str) -> str:
    """Name of the service account of all pods with a role."""
    return f"{PROJECT}-{role}"


def secret(use: str) -> str:
    """Name of the Secret of a use such as hub-token."""
    return f"{PROJECT}-{use}"


def weights_object(model_id: str, weights_hash: str) -> str:
    """Name of the cache claim and of the Job that fills it: new weights are new objects."""
    return f"{model_id}-weights-{weights_hash}"


def models_config(model_id: str, config_hash: str) -> str:
    """Name of the ConfigMap that holds models.json: new content is a new object."""
    return f"{model_id}-models-{config_hash}"

"""Words that stand for values which are known elsewhere, and what a setting is when its file says nothing of it.

This is the one place of defaults: a schema names the constant, the docs repeat it, nothing else does. `auto` is what
the cluster knows, `ambient` the usual kubeconfig, `derived` what the plan computes.
"""

from typing import Final, Literal

AUTO: Final = "auto"
AMBIENT: Final = "ambient"
DERIVED: Final = "derived"
NONE: Final = "none"

OWNER: Final = "platform"
COST_CENTRE: Final = "ai-platform"
TARGET: Final = "kubernetes"
NAMESPACE: Final = "slipway"
SIZE: Final = "small"  # needs no GPU: what a first try can always run

CLUSTER_KIND: Final = "kubeconfig"
TOPOLOGY: Final = "multi-node"
PROVIDER: Final = "other"
KUBERNETES_VERSION: Final = "1.33"

REPOSITORY: Final = "slipway/serve"
CPU_VARIANTS: Final = "all"
CUDA_ARCHITECTURES: Final = ("75-real", "80-real", "90-real")  # all GPUs of the catalog
CUBLAS: Final = "forward"  # the smallest image, which quantised weights need no more than
PLATFORMS: Final[tuple[Literal["linux/amd64", "linux/arm64"], ...]] = ("linux/amd64",)

MODELS: Final = ("gpt-oss", "legal", "llama-3-70b", "qwen2-5-32b", "recommendations", "risk", "summary")
"""Of a stack that names none."""
WEIGHTS: Final = "auto"
KEEP_WARM: Final = 0

SHARING: Final = "none"
REPLICAS_PER_GPU: Final = 2
DEVICE_CLASS: Final = "gpu.nvidia.com"

ENGINE: Final = "hpa"
SIGNAL: Final = "auto"
TIME_ZONE: Final = "UTC"
BUSY_PERCENT: Final = 80  # of what a replica can do; the rest is what arrives while the next one loads
QUIET_S: Final = 600  # a new replica loads for minutes, so none is given up in a short pause
PROMETHEUS_URL: Final = "http://prometheus-operated.monitoring:9090"
FORECAST_AHEAD_S: Final = 900

SPOT: Final = "none"

WEIGHTS_CLASS: Final = "fast-ssd"
DATA_CLASS: Final = "standard"

EDGE_KIND: Final = "ingress"
EDGE_CLASS: Final = "nginx"
AFFINITY_S: Final = 3600
BODY_BYTES: Final = "32Mi"
TIMEOUT_S: Final = 3600  # a stream may be silent while a long prompt is read
TLS_SECRET: Final = "models-tls"  # noqa: S105  a name

SECRET_SOURCE: Final = "existing"  # noqa: S105
SECRET_REFRESH_S: Final = 3600

MONITORING_NAMESPACE: Final = "monitoring"
SCRAPE_S: Final = 30
OPERATOR_LABELS: Final = {"release": "prometheus"}

BACKUP_TARGET: Final = "none"
BACKUP_SCHEDULE: Final = "0 3 * * *"
BACKUP_KEEP: Final = 7
BACKUP_WHAT: Final[tuple[Literal["models", "config", "history"], ...]] = ("config", "history")
BACKUP_BYTES: Final = "100Gi"

MONITOR_INTERVAL_S: Final = 15
MONITOR_DOWN_AFTER, MONITOR_UP_AFTER = 3, 2

DOCKER_PORT: Final = 8080
AICORE_PLAN: Final = "infer.m"
AICORE_TARGET, AICORE_LEAST, AICORE_MOST = 1, 1, 5

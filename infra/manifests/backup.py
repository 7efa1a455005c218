"""CronJobs that copy what must not be lost, and those that bring it back.

What brings weights back is a CronJob, too, but suspended: it has its place, its volumes and its rights from the first
day, and one command runs it (`kubectl create job --from=cronjob/<model>-restore ...`). It fills the cache as the fill
Job does; a server finds its weights there as it did before.

No Secret is copied: whoever made it, a store or a person, still has it.
"""

from collections.abc import Mapping
from typing import Any

from infra import names
from infra.manifests import fetch
from infra.manifests.model import config_name
from infra.manifests.objects import Manifest, container_security, manifest, pod_security
from infra.manifests.placement import where
from infra.plan import BackupJob, BackupPlan, BackupSet, ModelPlan, Plan
from infra.quota import JOB_RESOURCES

Models = Mapping[str, ModelPlan]

NUM_RETRIES = 2
SOURCE_DIR = "/source"
TARGET_DIR = "/backup"
CREDENTIALS_DIR = f"{names.CONFIG_DIR}/backup"
CREDENTIALS_FILE = "credentials"
CONTAINER = "backup"
MISSED_S = 3600  # how late a backup may begin, when the controller was away


def backups(plan: Plan, image: Any) -> list[Manifest]:
    """What `plan.backup` asks for."""
    if plan.backup is None:
        return []
    models = {model.id: model for model in plan.models}
    filled = {
        model.weights.claim.name: model.weights.filled.name
        for model in plan.models
        if model.weights.claim and model.weights.filled
    }
    copies = [_copy(plan, plan.backup, job, models, image) for job in plan.backup.jobs]
    return [*copies, *(_restore(plan, plan.backup, job, models, filled, image) for job in plan.backup.restores)]


def _copy(plan: Plan, backup: BackupPlan, job: BackupJob, models: Models, image: Any) -> Manifest:
    arguments = ["backup", "--keep", str(backup.keep), "--to", *_place(backup)]
    volumes, mounts = _target(backup, read_only=False)
    for each in job.sets:
        if each.name == "history":
            arguments += ["--history-from", backup.prometheus_url or "", "--history-query", _history(plan)]
            continue
        arguments += ["--set", f"{each.name}={SOURCE_DIR}/{each.name}"]
        volumes.append({"name": each.name, **_source(plan, each)})
        mounts.append({"name": each.name, "mountPath": f"{SOURCE_DIR}/{each.name}", "readOnly": True})
    pod = _pod(plan, models.get(job.model or ""), job, _container(image, arguments, mounts), volumes)
    return _cron_job(plan, backup, job, "backup", pod)


def _restore(
    plan: Plan, backup: BackupPlan, job: BackupJob, models: Models, filled: Mapping[str, str], image: Any
) -> Manifest:
    """A clone can't be written: what it is made from can."""
    (one,) = job.sets
    place, *how = _place(backup)
    volumes, mounts = _target(backup, read_only=True)
    volumes.append({"name": "cache", "persistentVolumeClaim": {"claimName": filled[one.claim or ""]}})
    mounts.append({"name": "cache", "mountPath": names.MODELS_DIR})
    arguments = ["restore", "--set", one.name, "--from", place, *how, "--to", names.MODELS_DIR]
    pod = _pod(plan, models.get(job.model or ""), job, _container(image, arguments, mounts), volumes)
    found = _cron_job(plan, backup, job, "restore", pod)
    found["spec"]["suspend"] = True
    return found


def _place(backup: BackupPlan) -> list[str]:
    """Where the sets are, and what it takes to get there."""
    if backup.target == "volume":
        return [f"{TARGET_DIR}/{backup.prefix}"]
    options = ["--endpoint", backup.endpoint] if backup.endpoint else []
    options += ["--region", backup.region] if backup.region else []
    return [f"s3://{backup.bucket}/{backup.prefix}", *options, "--credentials", f"{CREDENTIALS_DIR}/{CREDENTIALS_FILE}"]


def _target(backup: BackupPlan, *, read_only: bool) -> tuple[list[Manifest], list[Manifest]]:
    """Volumes and mounts that every container here has."""
    volumes: list[Manifest] = [fetch.TMP]
    mounts: list[Manifest] = [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108
    if backup.claim is not None:
        volumes.append({"name": "target", "persistentVolumeClaim": {"claimName": backup.claim.name}})
        mounts.append({"name": "target", "mountPath": TARGET_DIR, **({"readOnly": True} if read_only else {})})
    else:
        volumes.append({"name": "credentials", "secret": {"secretName": backup.secret}})
        mounts.append({"name": "credentials", "mountPath": CREDENTIALS_DIR, "readOnly": True})
    return volumes, mounts


def _source(plan: Plan, wanted: BackupSet) -> Manifest:
    """A cache, or the models.json of all models. Each at the top: below folders they would be behind links."""
    if wanted.claim is not None:
        return {"persistentVolumeClaim": {"claimName": wanted.claim, "readOnly": True}}
    sources = [
        {"configMap": {
            "name": config_name(model), "items": [{"key": names.MODELS_FILE_NAME, "path": f"{model.id}.json"}]
        }}
        for model in plan.models
    ]  # fmt: skip
    return {"projected": {"sources": sources}}


def _history(plan: Plan) -> str:
    """Load and what it was answered with; neither histograms nor what a process says of itself."""
    wanted = "http_requests_total|queue_depth|active_model_count|model_.+|slipway:.+"
    return f'{{namespace="{plan.namespace}",__name__=~"{wanted}",__name__!~".+_bucket"}}'


def _container(image: Any, arguments: list[str], mounts: list[Manifest]) -> Manifest:
    return {
        "name": CONTAINER,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": arguments,
        "resources": fetch.plain_resources(JOB_RESOURCES),
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }


def _pod(plan: Plan, model: ModelPlan | None, job: BackupJob, container: Manifest, volumes: list[Manifest]) -> Manifest:
    return {
        "restartPolicy": "Never",
        "serviceAccountName": names.account(names.ROLE_BACKUP),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "containers": [container],
        "volumes": volumes,
        **({"priorityClassName": plan.chores_class} if plan.chores_class else {}),
        **(_beside(model) if job.is_bound else {}),
    }


def _cron_job(plan: Plan, backup: BackupPlan, job: BackupJob, verb: str, pod: Manifest) -> Manifest:
    role = names.ROLE_BACKUP
    own = names.model_labels(job.model, role) if job.model else {**names.common_labels(), names.ROLE_LABEL: role}
    labels = {**own, **plan.labels}
    spec = {
        "schedule": backup.schedule,
        "timeZone": backup.time_zone,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": MISSED_S,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 2,
        "jobTemplate": {
            "spec": {
                "backoffLimit": NUM_RETRIES,
                "activeDeadlineSeconds": job.deadline_s * (NUM_RETRIES + 1),
                "template": {"metadata": {"labels": labels}, "spec": pod},
            }
        },
    }
    return manifest("batch/v1", "CronJob", f"{job.model or names.PROJECT}-{verb}", plan.namespace, labels, spec=spec)


def _beside(model: ModelPlan | None) -> Manifest:
    """Where the model can run, and on its very node: its volume is mounted by one node at a time."""
    selector = names.model_selector(model.id) if model else {names.ROLE_LABEL: names.ROLE_MODEL}
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": selector}}
    near = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]}
    found = where(model.base) if model else {}
    found["affinity"] = {**found.get("affinity", {}), "podAffinity": near}
    return found

"""CronJobs of backups, and what restores: as a stack file asks for them."""

from pathlib import Path
from typing import Any

import pytest

from infra import names
from infra.errors import ConfigError, PlanError
from infra.manifests.backup import backups
from infra.plan import Plan
from kube.objects import Object
from policies.pod_security import verdict
from serve.backup import sets
from serve.backup.store import FolderStore
from tests.unit.infra.recorder import pod_specs
from tests.unit.infra.test_guards import plan_with
from tests.unit.serve.backup.test_command import NOW
from tests.unit.serve.backup.test_command import run as run_command

EVERYTHING = ["models", "config", "history"]
TWO: dict[str, Any] = {"legal": {}, "risk": {}}
S3 = {"target": "s3", "bucket": "my-backups", "secret": "bucket-key", "what": EVERYTHING}


def jobs(plan: Plan) -> dict[str, dict[str, Any]]:
    """CronJobs by name."""
    return {one["metadata"]["name"]: one for one in backups(plan, "image")}


def pod(plan: Plan, name: str) -> dict[str, Any]:
    """The pod of one."""
    return pod_specs(list(jobs(plan).values()))[f"CronJob/{name}"]


def arguments(plan: Plan, name: str) -> list[str]:
    """What its container is told."""
    found: list[str] = pod(plan, name)["containers"][0]["args"]
    return found


def claims_of(found: dict[str, Any]) -> dict[str, bool]:
    """Claims that a pod mounts: whether only to read."""
    volumes = [one["persistentVolumeClaim"] for one in found["volumes"] if "persistentVolumeClaim" in one]
    return {one["claimName"]: one.get("readOnly", False) for one in volumes}


def test_no_backup_is_asked_for_by_default() -> None:
    """Nobody pays for a volume that they have not asked for."""
    assert jobs(plan_with()) == {}


def test_one_job_copies_all_that_any_node_can_mount() -> None:
    """So the volume of the backups is a plain disk; caches are only read, and each has a job that brings it back."""
    plan = plan_with(models=TWO, backup={"target": "volume", "what": EVERYTHING})
    assert set(jobs(plan)) == {"slipway-backup", "legal-restore", "risk-restore"}
    assert plan.backup is not None
    assert plan.backup.claim is not None
    assert plan.backup.claim.access_mode == "ReadWriteOnce"
    told = arguments(plan, "slipway-backup")
    named = [told[at + 1].split("=")[0] for at, word in enumerate(told) if word == "--set"]
    assert named == ["config", "model-legal", "model-risk"]
    assert told[told.index("--history-from") + 1].startswith("http://prometheus")
    mounted = claims_of(pod(plan, "slipway-backup"))
    assert {name: read_only for name, read_only in mounted.items() if "weights" in name} == {
        model.weights.claim.name: True for model in plan.models if model.weights.claim
    }


def test_a_restore_waits_until_somebody_runs_it() -> None:
    """It may write to the cache, and only read the backups."""
    plan = plan_with(models=TWO, backup={"target": "volume", "what": ["models"]})
    found = jobs(plan)
    assert {name: one["spec"].get("suspend", False) for name, one in found.items()} == {
        "slipway-backup": False,
        "legal-restore": True,
        "risk-restore": True,
    }
    mounted = claims_of(pod(plan, "legal-restore"))
    assert plan.models[0].weights.claim is not None
    assert mounted == {plan.models[0].weights.claim.name: False, "slipway-backup": False}
    (target,) = [one for one in pod(plan, "legal-restore")["containers"][0]["volumeMounts"] if one["name"] == "target"]
    assert target["readOnly"]


def test_a_cache_of_one_node_is_copied_beside_its_model() -> None:
    """No other pod could mount it; then several write to the volume of the backups."""
    storage = {"access_mode": "ReadWriteOnce"}
    plan = plan_with(models=TWO, storage=storage, backup={"target": "volume", "what": ["models", "config"]})
    assert {"slipway-backup", "legal-backup", "risk-backup"} < set(jobs(plan))
    near = pod(plan, "legal-backup")["affinity"]["podAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert near[0]["podAffinityTerm"]["labelSelector"]["matchLabels"] == names.model_selector("legal")
    assert plan.backup is not None
    assert plan.backup.claim is not None
    assert plan.backup.claim.access_mode == "ReadWriteMany"


def test_a_shared_cache_is_one_set() -> None:
    """With one job that brings all of it back."""
    plan = plan_with(models=TWO, storage={"delivery": "shared"}, backup={"target": "volume", "what": ["models"]})
    assert set(jobs(plan)) == {"slipway-backup", "slipway-restore"}
    assert "models=/source/models" in arguments(plan, "slipway-backup")


def test_a_bucket_needs_no_volume_and_its_key_is_a_mounted_file() -> None:
    """Never an environment variable; below the stack's own name, so that others can use the bucket."""
    plan = plan_with("prod", models=TWO, backup={**S3, "endpoint": "http://minio.s3:9000", "region": "here"})
    assert not [claim for claim in plan.claims if claim.use == "backup"]
    told = arguments(plan, "slipway-backup")
    assert told[told.index("--to") + 1 : told.index("--to") + 8] == [
        "s3://my-backups/prod",
        "--endpoint",
        "http://minio.s3:9000",
        "--region",
        "here",
        "--credentials",
        "/etc/slipway/backup/credentials",
    ]
    (volume,) = [one for one in pod(plan, "slipway-backup")["volumes"] if one["name"] == "credentials"]
    assert volume["secret"] == {"secretName": "bucket-key"}
    assert [(one.use, one.name, one.key) for one in plan.secrets] == [
        ("backup-credentials", "bucket-key", "credentials")
    ]


def test_jobs_keep_to_the_clock_and_to_their_bounds() -> None:
    """One at a time, in the time zone, with an end; larger weights get more time."""
    clock = {"schedule": "30 2 * * 0", "time_zone": "Europe/Berlin"}
    backup = {"target": "volume", "what": ["models"], "size": "1Ti", **clock}
    plan = plan_with("prod", models={"llama-3-70b": {}}, backup=backup)
    spec = jobs(plan)["slipway-backup"]["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("30 2 * * 0", "Europe/Berlin", "Forbid")
    deadline = spec["jobTemplate"]["spec"]["activeDeadlineSeconds"]
    less = plan_with("prod", models={"legal": {}}, backup=backup)
    assert deadline > jobs(less)["slipway-backup"]["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] > 0


def test_names_fit_what_kubernetes_allows_for_a_cronjob() -> None:
    """It adds eleven characters for each Job: 52 are left."""
    longest = "m" * 40
    assert names.MODEL_ID.fullmatch(longest)
    assert len(f"{longest}-restore") <= 52


@pytest.mark.parametrize("backup", [{"target": "volume", "what": EVERYTHING}, S3])
def test_every_pod_of_a_backup_is_admitted(backup: dict[str, Any]) -> None:
    """By Pod Security `restricted`, without a token, with its class."""
    plan = plan_with(models=TWO, backup=backup)
    for one in jobs(plan).values():
        assert verdict(Object(one), "restricted", (1, 36)).is_allowed, one["metadata"]["name"]
    for found in pod_specs(list(jobs(plan).values())).values():
        assert found["automountServiceAccountToken"] is False
        assert found["priorityClassName"] == "slipway-batch"


def test_a_volume_that_can_not_hold_one_backup_is_refused() -> None:
    """With what would do."""
    with pytest.raises(PlanError, match=r"slipway:backup.size: 1Gi can't hold the weights .* allowed: \d+Gi or more"):
        plan_with(models=TWO, backup={"target": "volume", "what": ["models"], "size": "1Gi"})


@pytest.mark.parametrize(
    ("backup", "expected"),
    [
        ({**S3, "bucket": "My_Bucket"}, "slipway:backup.bucket: 'My_Bucket' is not allowed; allowed: a bucket's name"),
        ({**S3, "endpoint": "minio"}, "slipway:backup.endpoint: 'minio' is not allowed; allowed: a URL such as"),
        ({"target": "volume", "region": "x"}, "slipway:backup.region: needs slipway:backup.target s3"),
    ],
)
def test_a_bucket_that_can_not_be_meant_is_refused(backup: dict[str, Any], expected: str) -> None:
    """In the preview, not in the night."""
    with pytest.raises(ConfigError) as caught:
        plan_with(backup=backup)
    assert len(caught.value.problems) == 1
    assert expected in caught.value.problems[0]


def test_what_no_volume_holds_is_told() -> None:
    """Nobody should believe that it is backed up."""
    plan = plan_with(
        models={"legal": {"weights": "ephemeral"}, "risk": {}}, backup={"target": "volume", "what": EVERYTHING}
    )
    texts = [notice.text for notice in plan.notices]
    assert any("no backup does: legal;" in text for text in texts)
    assert any(text.startswith("backups of history read http://prometheus-operated.monitoring:9090") for text in texts)


def _local(told: list[str], root: Path) -> list[str]:
    """The same command line with a test's folders for the mounted ones."""
    for mounted in ("/source", "/backup", "/models"):
        told = [word.replace(mounted, f"{root}{mounted}") for word in told]
    return told


def test_what_the_jobs_are_told_brings_weights_and_configuration_back_byte_by_byte(tmp_path: Path) -> None:
    """The server's own command, as the CronJobs call it: so a restored model gives the answers that it gave."""
    plan = plan_with(models={"legal": {}}, backup={"target": "volume", "what": ["models", "config"]})
    (model,) = plan.models
    weights, config = bytes(range(256)) * 100, model.server.models_json
    for folder in ("source/config", "source/model-legal", "backup", "models"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "source/model-legal" / model.weights.stored).write_bytes(weights)
    # As a mounted ConfigMap is: the file is behind a link, in a hidden folder.
    hidden = tmp_path / "source/config/..2027"
    hidden.mkdir()
    (hidden / "legal.json").write_text(config)
    (tmp_path / "source/config/legal.json").symlink_to("..2027/legal.json")

    run_command(*_local(arguments(plan, "slipway-backup"), tmp_path))
    run_command(*_local(arguments(plan, "legal-restore"), tmp_path))

    assert (tmp_path / "models" / model.weights.stored).read_bytes() == weights
    restored = tmp_path / "config"
    restored.mkdir()
    sets.restore(FolderStore(tmp_path / "backup" / "staging"), "config", restored, NOW.strftime("%Y%m%dT%H%M%SZ"))
    assert {path.name: path.read_text() for path in restored.iterdir()} == {"legal.json": config}

"""(StackConfig, Catalog) -> Plan: what will run, as one value, before any object exists. Pure; never imports pulumi.

Everything downstream reads this value: manifests and all other outputs, the quota, the fit proof, the cost report and
the policies. So they can't disagree with what is deployed. Numbers are derived here and nowhere else.

One module per concern, with its types and one function that plans it from settings and catalog. They don't know each
other, but for values: `model` puts together one model, `stack` a whole stack.
"""

from infra.plan import queries
from infra.plan.backup import BackupJob, BackupPlan, BackupSet
from infra.plan.model import ModelPlan
from infra.plan.notices import Notice
from infra.plan.placement import Placement, Preference, Requirement, Toleration
from infra.plan.priority import PriorityClass
from infra.plan.probes import ProbePlan, plan_probes
from infra.plan.rollout import Rollout
from infra.plan.scaling import Replicas, ScalingPlan, Signal
from infra.plan.secrets import SecretPlan
from infra.plan.server import ServerPlan
from infra.plan.sharing import GpuShare
from infra.plan.speeds import DRAIN_S, ENDPOINT_SLEEP_S, KILL_MARGIN_S
from infra.plan.stack import Plan, make_plan
from infra.plan.storage import Claim
from infra.plan.tiers import Tier
from infra.plan.weights import WeightsPlan
from infra.plan.windows import WindowPlan

__all__ = [
    "DRAIN_S",
    "ENDPOINT_SLEEP_S",
    "KILL_MARGIN_S",
    "BackupJob",
    "BackupPlan",
    "BackupSet",
    "Claim",
    "GpuShare",
    "ModelPlan",
    "Notice",
    "Placement",
    "Plan",
    "Preference",
    "PriorityClass",
    "ProbePlan",
    "Replicas",
    "Requirement",
    "Rollout",
    "ScalingPlan",
    "SecretPlan",
    "ServerPlan",
    "Signal",
    "Tier",
    "Toleration",
    "WeightsPlan",
    "WindowPlan",
    "make_plan",
    "plan_probes",
    "queries",
]

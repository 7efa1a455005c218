"""Arbitrary JSON, for properties that must hold of any data: much of it looks a little like a Kubernetes object."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from kube.unknown import UNKNOWN

_FIELDS = [
    *("spec", "template", "jobTemplate", "containers", "initContainers", "volumes", "securityContext", "capabilities"),
    *("add", "drop", "image", "name", "env", "ports", "resources", "limits", "requests", "metadata", "labels"),
    *("annotations", "namespace", "rules", "subjects", "selector", "matchLabels", "data", "items"),
]
_KINDS = ["Pod", "Deployment", "CronJob", "Role", "Service", "NetworkPolicy", "HorizontalPodAutoscaler", "List", "Own"]

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.just(UNKNOWN)
)
keys = st.sampled_from(_FIELDS) | st.text(max_size=5)
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=20
)
pod_specs = st.fixed_dictionaries(
    {"containers": st.lists(st.dictionaries(keys, values, max_size=4), max_size=2) | values},
    optional={"initContainers": values, "volumes": values, "securityContext": values},
)
objects = st.fixed_dictionaries(
    {"kind": st.sampled_from(_KINDS) | scalars},
    optional={
        "apiVersion": scalars,
        "metadata": values,
        "spec": pod_specs | st.fixed_dictionaries({"template": st.fixed_dictionaries({"spec": pod_specs})}) | values,
        "data": values,
        "rules": values,
        "items": values,
    },
)

"""Which model is served: named by a commit, in a format that is only data."""

from __future__ import annotations

import re
from typing import Any

from infra.names import ROLE_LABEL, ROLE_PULL
from kube.objects import Pod
from kube.unknown import UNKNOWN
from policies.facts import engines
from policies.facts.model_server import arguments
from policies.facts.variables import ELSEWHERE
from policies.facts.weights_place import is_hub_id
from policies.rule import MANDATORY_IN_PROD, Findings, pod_rule
from policies.settings import Settings

COMMIT = re.compile(r"[0-9a-f]{40}")
PICKLED = ("pt", "npcache")
"""Load formats that run what is in the file, for it is pickled."""
DOWNLOAD = re.compile(r"(?:^|[ /])(?:huggingface-cli|hf) download ")


@pod_rule(
    why="A branch of a repository is another model tomorrow, without anybody here having changed anything.",
    source="Hugging Face Hub: revisions are branches, tags or commits; vLLM load formats; no peer has the rule",
    level=MANDATORY_IN_PROD,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: vllm/vllm-openai,
      args: [--model, Qwen/Qwen2.5-7B-Instruct]}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: vllm/vllm-openai,
      args: [--model, Qwen/Qwen2.5-7B-Instruct, --revision, a09a35458c702b33eeacc393d103063234e8bc28]}]}}
    """,
)
def model_revision_pinned(pod: Pod, _settings: Settings) -> Findings:
    """Who fetches a model from the hub names a commit, or checks its SHA-256; nobody loads pickled weights.

    Fetching are engines whose model is `owner/name`, `huggingface-cli download` and `hf download`, and Slipway's own
    pull Jobs. llama.cpp can't name a commit: a Job has to fetch its files. A model in a local path has been chosen by
    who put it there, and what a ConfigMap or a Secret says is not judged.
    """
    for server in engines.servers(pod):
        if is_hub_id(server.model) or server.model is UNKNOWN:
            revision = server.value("revision")
            if not _is_commit(revision):
                place = server.place("revision") or server.container.at("args")
                yield place.bad("", "must name a commit of the model", revision, server.model)
        if server.value("load_format") in PICKLED and (format_place := server.place("load_format")):
            yield format_place.bad("", "must not load pickled weights: use safetensors")
    is_own = pod.template.at("metadata.labels").get((ROLE_LABEL,)) == ROLE_PULL
    for container in pod.containers:
        found = arguments(container)
        downloads = is_own or DOWNLOAD.search(" ".join(found.words))
        if downloads and found.get("sha256") is None and not _is_commit(found.get("revision")):
            place = found.view("revision") or container.at("args")
            yield place.bad("", "must name a commit of the model")


def _is_commit(revision: Any) -> bool:
    return revision == ELSEWHERE or (isinstance(revision, str) and COMMIT.fullmatch(revision) is not None)

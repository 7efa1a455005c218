"""Stack files: what is read from them, and what a mistake gets."""

import copy
import dataclasses
import json
from typing import Any

import pulumi
import pytest

from infra import endpoints
from infra.catalog.load import load_catalog
from infra.config import kinds_of, load, parse
from infra.errors import ConfigError
from infra.stack import StackConfig
from tests.unit.infra.recorder import STACKS, policy_settings, raw_settings, stack_config

CATALOG = load_catalog()
NIGHT = {"days": "daily", "start": "20:00", "end": "06:00", "min_replicas": 1}


def changed(stack: str, path: str, value: object) -> dict[str, Any]:
    """A stack file's settings with one value set (or the key removed, for `...`)."""
    settings = copy.deepcopy(raw_settings(stack))
    *parents, last = path.split(".")
    group = settings
    for key in parents:
        group = group.setdefault(key, {})
    if value is ...:
        del group[last]
    else:
        group[last] = value
    return settings


def problems(settings: dict[str, Any]) -> tuple[str, ...]:
    """What the settings are refused for."""
    with pytest.raises(ConfigError) as caught:
        parse("test", settings, CATALOG, endpoints.without_cluster())
    return caught.value.problems


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_file_is_valid(stack: str) -> None:
    """The three stacks that come with the project can be loaded."""
    assert stack_config(stack).stack == stack


FIRST = {
    "cluster": {"context": "my-context"},
    "image": {"registry": "registry.my.org"},
    "edge": {"host": "models.my.org", "issuer": "letsencrypt"},
    "owner": "my-team",
}


def test_five_keys_make_a_first_staging() -> None:
    """All seven models, small, with TLS; the rest is where the defaults are."""
    config = parse("mine", FIRST, CATALOG, endpoints.without_cluster())
    assert len(config.models) == 7
    assert config.size == "small"
    assert config.edge.tls is not None
    assert config.edge.tls.issuer == "letsencrypt"
    assert config.edge.from_namespace == "ingress-nginx"


def test_what_nothing_can_know_is_asked_for_together() -> None:
    """An empty file says at once what a stack can't do without."""
    assert [text.split(": ")[0] for text in problems({})] == [
        "slipway:cluster.context",
        "slipway:image.registry",
        "slipway:edge.host",
    ]


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_staging_and_prod_serve_all_seven_models(stack: str) -> None:
    """The same seven on both; stack local has the small one only."""
    assert {model.id for model in stack_config(stack).models} == set(CATALOG.models) - {"gemma-3-270m"}
    assert [model.id for model in stack_config("local").models] == ["gemma-3-270m"]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("colour", "blue", "slipway:colour: unknown key; allowed: owner, cost_centre, target, cluster, gpu, namespace"),
        ("cluster.color", "x", "slipway:cluster.color: unknown key; allowed: kind, kubeconfig, context, stack, topo"),
        ("edge.klass", "x", "slipway:edge.klass: unknown key; allowed: kind, class, host, from_namespace"),
        ("models.legal.max", 3, "legal.max: unknown key; allowed: min_replicas, max_replicas, profile"),
        ("image.registry", "", 'slipway:image.registry: "" is not allowed; allowed: at least 1'),
        ("image.registry", ..., "slipway:image.registry: 'auto' needs slipway:cluster.kind embedded"),
        ("edge.host", ..., "slipway:edge.host: 'auto' "),
        ("cluster.kind", "docker", "\"docker\" is not allowed; allowed: 'embedded', 'kubeconfig' or 'stack'"),
        ("cluster", "prod", '"prod" is not allowed; allowed: a mapping of keys to values'),
        ("cluster.context", "auto", "slipway:cluster.context: 'auto' needs slipway:cluster.kind embedded"),
        ("cluster.version", "1.29", '"1.29" is not allowed; allowed: a version from "1.33" on'),
        ("cluster.version", 1.36, "1.36 is not allowed; allowed: a text (put quotes around numbers)"),
        ("cluster.stack", "org/project/prod", "slipway:cluster.stack: needs slipway:cluster.kind stack"),
        ("cluster.nodes", [{"name": "a", "max_nodes": 2}], "cluster.nodes.0: give either machine, or cpu and memory"),
        (
            "cluster.nodes",
            [{"name": "a", "max_nodes": 2, "machine": "x9"}],
            "slipway:cluster.nodes.0.machine: 'x9' is not known; allowed: a machine of infra/data",
        ),
        ("cluster.nodes", [{"name": "a", "max_nodes": 0, "cpu": "1", "memory": "1Gi"}], "max_nodes: 0 is not allowed"),
        (
            "cluster.nodes",
            [{"name": "a", "max_nodes": 1, "max": 1}],
            "unknown key; allowed: name, machine, cpu, memory, gpus, gpu, max",
        ),
        ("gpu.sharing", "half", "\"half\" is not allowed; allowed: 'none', 'time-slicing', 'mps', 'mig' or 'dra'"),
        ("gpu.sharing", "mig", "slipway:gpu.mig_profile: 'none' is not allowed; allowed with sharing mig"),
        ("image.platforms", [], "slipway:image.platforms: [] is not allowed; allowed: at least 1"),
        ("image.platforms", ["linux/amd64", "linux/arm64"], "'linux/arm64' can't be built with cpu_variants 'all'"),
        ("image.ref", "serve:latest", "slipway:image.ref: 'serve:latest' is not allowed; allowed: 'none', or NAME@sha"),
        (
            "image.cuda_ref",
            "serve:latest",
            "slipway:image.cuda_ref: 'serve:latest' is not allowed; allowed: 'none', or",
        ),
        ("image.cublas", "static", "\"static\" is not allowed; allowed: 'forward', 'inside' or 'volume'"),
        (
            "image.cublas",
            "volume",
            "needs nodes that mount images, as they do from 1.35 on; allowed with slipway:clust",
        ),
        ("image.cuda_architectures", [70], "slipway:image.cuda_architectures.0: 70 is not allowed; allowed: 75, 80, 8"),
        ("image.cuda_architectures", ["80a"], '"80a" is not allowed; allowed: 75, 80, 86, 87, 88, 89, 90, 100, 103'),
        ("image.cuda_architectures", [True], "slipway:image.cuda_architectures.0: true is not allowed; allowed: 75, 8"),
        ("image.cuda_architectures", [], "slipway:image.cuda_architectures: [] is not allowed; allowed: at least 1"),
        ("image.pull_secret", "My Login", '"My Login" is not allowed; allowed: a DNS name'),
        ("image.platforms", ["linux/arm"], "\"linux/arm\" is not allowed; allowed: 'linux/amd64' or 'linux/arm64'"),
        ("namespace", "Slipway", '"Slipway" is not allowed; allowed: lower-case letters, digits and dashes'),
        ("namespace", "kube-system", "'kube-system' is not allowed; allowed: a namespace of its own"),
        ("size", "tiny", "slipway:size: \"tiny\" is not allowed; allowed: 'full' or 'small'"),
        ("models", {}, "slipway:models: {} is not allowed; allowed: at least 1"),
        ("models.gpt5", {"min_replicas": 1}, "slipway:models.gpt5: there is no such model; allowed: g"),
        ("models.legal.min_replicas", -1, "slipway:models.legal.min_replicas: -1 is not allowed; allowed: 0 or more"),
        ("models.legal.max_replicas", 5000, "max_replicas: 5000 is not allowed; allowed: 1000 or less"),
        ("models.legal.min_replicas", "two", 'min_replicas: "two" is not allowed; allowed: a whole number'),
        ("models.legal.min_replicas", 9, "min_replicas: 9 is above max_replicas; allowed: 1 to 8"),
        ("models.legal.profile", "huge", "slipway:models.legal.profile: 'huge' is not allowed; allowed: cpu-16g"),
        ("models.legal.tier", "vip", "\"vip\" is not allowed; allowed: 'critical', 'standard', 'batch' or 'exp"),
        ("models.legal.weights_image", "a@b", "slipway:models.legal.weights_image: needs weights: image"),
        ("models.legal.schedule", [{**NIGHT, "days": "mondays"}], '0.days: "mondays" is not allowed; allowed: daily'),
        ("models.legal.schedule", [{**NIGHT, "end": "24:00"}], '0.end: "24:00" is not allowed; allowed: a time such'),
        ("models.legal.schedule", [{**NIGHT, "time_zone": "Mars"}], '"Mars" is not allowed; allowed: a time zone'),
        ("models.legal.schedule", [{**NIGHT, "to": "1"}], "0.to: unknown key; allowed: days, start, end, time_zone"),
        ("storage.weights_class", "Fast", 'slipway:storage.weights_class: "Fast" is not allowed; allowed: lower-case'),
        ("storage.cache_size", "10Gi", "slipway:storage.cache_size: needs a model with weights: shared"),
        ("storage.delivery", "disk", "\"disk\" is not allowed; allowed: 'auto', 'own', 'shared', 'image'"),
        ("priority.prefix", "system-x", "slipway:priority.prefix: 'system-x' is the system's; allowed: 'auto'"),
        ("priority.prefix", "My Own", '"My Own" is not allowed; allowed: lower-case letters, digits and dashes'),
        ("backup.keep", 0, "slipway:backup.keep: 0 is not allowed; allowed: 1 or more"),
        ("edge.host", "models_1", '"models_1" is not allowed; allowed: a DNS name such as'),
        ("edge.tls", "cert-manager", "slipway:edge.issuer: 'none' is not allowed; allowed with slipway:edge.tls cert"),
        ("edge.class", "haproxy", "slipway:edge.from_namespace: 'auto' needs slipway:cluster.kind embedded"),
        ("edge.gateway", "shared", "slipway:edge.gateway: needs slipway:edge.kind gateway"),
        ("edge.gateway_namespace", "shared", "slipway:edge.gateway_namespace: needs slipway:edge.kind gateway"),
        (
            "edge",
            {"host": "a.b", "kind": "gateway", "gateway_namespace": "x"},
            "gateway_namespace: needs slipway:edge.gateway",
        ),
        (
            "edge",
            {"host": "a.b", "kind": "gateway", "gateway": "x", "issuer": "y"},
            "slipway:edge.issuer: 'y' with slipway:edge.gateway, whose certificate is its owner's; allowed here:",
        ),
        (
            "edge",
            {"host": "a.b", "tls": "none", "issuer": "y"},
            "slipway:edge.issuer: 'y' with slipway:edge.tls none; all",
        ),
        (
            "edge",
            {"host": "a.b", "tls": "none", "tls_secret": "y"},
            "slipway:edge.tls_secret: 'y' with slipway:edge.tls n",
        ),
        (
            "edge.issuer_kind",
            "Issuer",
            "slipway:edge.issuer_kind: 'Issuer' needs slipway:edge.issuer; allowed here: 'Clu",
        ),
        ("edge.affinity_s", 90000, "slipway:edge.affinity_s: 90000 is not allowed; allowed: 86400 or less"),
        ("edge.timeout_s", 0, "slipway:edge.timeout_s: 0 is not allowed; allowed: 1 or more"),
        ("edge.body_limit", 32, "slipway:edge.body_limit: 32 is not allowed; allowed: "),
        (
            "secrets",
            {"store": "vault"},
            "slipway:secrets.store: 'vault' is not allowed; allowed without slipway:secrets.so",
        ),
        (
            "secrets",
            {"use": ["tokens"]},
            "slipway:secrets.use.0: \"tokens\" is not allowed; allowed: 'hub-token', 'api-keys'",
        ),
        (
            "secrets",
            {"source": "plain"},
            "slipway:secrets.use: [] with slipway:secrets.source plain; allowed: hub-token",
        ),
        (
            "secrets",
            {"refresh_s": 60},
            "slipway:secrets.refresh_s: 60 needs slipway:secrets.source external; allowed here",
        ),
        ("secrets", {"remote_prefix": "a"}, "slipway:secrets.remote_prefix: 'a' needs slipway:secrets.source external"),
        (
            "secrets",
            {"store_kind": "SecretStore"},
            "slipway:secrets.store_kind: 'SecretStore' needs slipway:secrets.sou",
        ),
        (
            "secrets",
            {"use": ["registry-login"]},
            "slipway:secrets.use: 'registry-login' needs slipway:image.pull_secret",
        ),
        (
            "monitoring",
            {"otlp_endpoint": "collector:4317"},
            "slipway:monitoring.otlp_endpoint: 'collector:4317' is not allowed; allowed: a URL",
        ),
        ("monitoring", {"interval_s": 10}, "slipway:monitoring.interval_s: 10 needs slipway:monitoring.operator true"),
        (
            "monitoring",
            {"labels": {"a": "b"}},
            "slipway:monitoring.labels: {'a': 'b'} needs slipway:monitoring.operator",
        ),
        ("models.legal.draft_tokens", 17, "slipway:models.legal.draft_tokens: 17 is not allowed; allowed: 16 or less"),
        ("models.legal.step_tokens", 8, "slipway:models.legal.step_tokens: 8 is not allowed; allowed: 16 or more"),
        (
            "models.legal.chat_template_kwargs",
            {"enable_thinking": False, "tools": []},
            "slipway:models.legal.chat_template_kwargs: 'tools' is the server's own; allowed: other variables",
        ),
        (
            "models.legal.chat_template_kwargs",
            "no thoughts",
            'slipway:models.legal.chat_template_kwargs: "no thoughts" is not allowed; allowed: a mapping',
        ),
        (
            "secrets",
            {"source": "external", "use": ["hub-token"]},
            "slipway:secrets.store: 'none' is not allowed; allowed with slipway:secrets.so",
        ),
        ("backup.schedule", "at night", '"at night" is not allowed; allowed: a cron expression of five fields'),
        (
            "backup.bucket",
            "mine",
            "slipway:backup.bucket: 'mine' is not allowed; allowed without slipway:backup.target",
        ),
        ("aicore.min_replicas", 9, "slipway:aicore.min_replicas: 9 is above max_replicas; allowed: 0 to 5"),
        ("quota.memory", "200GB", '"200GB" is not allowed; allowed: a size such as 512Mi, 20Gi or 1Ti'),
        ("quota.memory", 200, "slipway:quota.memory: 200 is not allowed; allowed: a size"),
        ("quota.cpu", "-4", 'slipway:quota.cpu: "-4" is not allowed; allowed: cores such as 2, 0.5 or 250m'),
        ("quota.gpus", -1, "slipway:quota.gpus: -1 is not allowed; allowed: 0 or more"),
    ],
)
def test_a_wrong_setting_is_refused_with_key_value_and_allowed(path: str, value: object, expected: str) -> None:
    """One sentence that is enough to put it right, and no other problem beside it."""
    found = problems(changed("prod", path, value))
    assert len(found) == 1
    assert expected in found[0]
    assert found[0].startswith(f"slipway:{path.split('.')[0]}")


def test_a_storage_class_that_the_local_cluster_lacks_is_refused() -> None:
    """Its classes are known beforehand; other clusters' are not."""
    assert problems(changed("local", "storage.weights_class", "gold")) == (
        "slipway:storage.weights_class: 'gold' is not allowed; allowed: standard, fast-ssd",
    )


def test_arm_is_built_with_one_variant_only() -> None:
    """The platforms are fine where the compiler is not asked for more than it knows."""
    settings = changed("prod", "image.platforms", ["linux/arm64", "linux/amd64"])
    settings["image"]["cpu_variants"] = "baseline"
    config = parse("prod", settings, CATALOG, endpoints.without_cluster())
    assert config.image.platforms == ("linux/amd64", "linux/arm64")


def test_two_models_need_a_host_name() -> None:
    """Without one there would be no way to tell them apart."""
    found = problems(changed("local", "models.legal", {"min_replicas": 1, "max_replicas": 1}))
    assert found == (
        "slipway:edge.host: 'auto' serves one model only; allowed: a DNS name, each model gets a name below it",
    )


def test_all_wrong_keys_types_and_ranges_are_reported_together() -> None:
    """As one readable message."""
    settings = changed("prod", "size", "tiny")
    settings["models"]["legal"]["min_replicas"] = -1
    settings["quota"] = {"gpus": "many"}
    settings["namespace"] = "No"

    with pytest.raises(ConfigError) as caught:
        parse("prod", settings, CATALOG, endpoints.without_cluster())

    assert len(caught.value.problems) == 4
    assert str(caught.value).startswith("The stack's settings are wrong; nothing was changed:\n  - slipway:")


def test_all_values_that_do_not_fit_are_reported_together() -> None:
    """Once every value by itself is right."""
    settings = changed("prod", "namespace", "kube-system")
    settings["cluster"]["context"] = "auto"
    settings["models"]["legal"]["profile"] = "huge"
    assert [text.split(": ")[0] for text in problems(settings)] == [
        "slipway:models.legal.profile",
        "slipway:namespace",
        "slipway:cluster.context",
    ]


def test_auto_takes_what_the_local_cluster_offers() -> None:
    """Registry, builder, ingress and kubeconfig come from the endpoints file."""
    known = dataclasses.replace(
        endpoints.without_cluster(), registry="127.0.0.1:5001", kubeconfig="/k", builder="b", ingress_class="i"
    )
    config = parse("local", raw_settings("local"), CATALOG, known)
    assert config.image.registry == "127.0.0.1:5001"
    assert config.image.builder == "b"
    assert config.cluster.kubeconfig == "/k"
    assert config.edge.class_name == "i"
    assert config.edge.source_cidrs == known.ingress_source_cidrs


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://localhost:8080", "localhost"),
        ("https://models.my.org", "models.my.org"),
        ("http://10.0.0.5", None),
        ("http://[::1]:80", None),
        ("http://under_score", None),
    ],
)
def test_auto_serves_the_name_in_the_ingress_url(url: str, host: str | None) -> None:
    """An address is no name that an Ingress could have: there, any name is served."""
    known = dataclasses.replace(endpoints.without_cluster(), ingress_url=url)
    edge = parse("local", raw_settings("local"), CATALOG, known).edge
    assert (edge.host, edge.base_url, edge.base_host) == (None, url, host)


def test_other_stacks_never_take_the_local_clusters_endpoints() -> None:
    """A local cluster that happens to run changes nothing about staging and prod."""
    known = dataclasses.replace(endpoints.without_cluster(), kubeconfig="/k", builder="b", base_image="x", ca_file="/c")
    kinds = kinds_of(policy_settings("prod")["cost"])
    assert parse("prod", raw_settings("prod"), CATALOG, known, kinds) == stack_config("prod")


@pytest.mark.parametrize(
    "cost", [None, "none", {"provider": "none"}, {"storage_kinds": ["efs"]}, {"storage_kinds": {"a": 1}}]
)
def test_what_the_cost_report_refuses_says_nothing_of_storage_classes(cost: object) -> None:
    """It tells so itself; a deployment must not fail for it."""
    assert kinds_of(cost) == {}


def test_load_reads_what_pulumi_hands_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mappings come as JSON, texts as they are; keys of other projects and of the policy pack are not ours to judge."""
    with_json = {f"slipway:{key}": _as_pulumi(value) for key, value in raw_settings("local").items()}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({**with_json, "aws:region": "x", "slipway:policy": "{}"}))
    pulumi.runtime.set_mocks(_NoMocks(), project="slipway", stack="local")

    loaded: StackConfig = load(CATALOG, endpoints.without_cluster())

    assert loaded == stack_config("local")


PLAIN_TOKEN = {"slipway:secrets": json.dumps({"source": "plain", "use": ["hub-token"]})}


@pytest.mark.parametrize(
    ("keys", "encrypted", "expected"),
    [
        (
            {"slipway:hub_token": "x"},
            ["slipway:hub_token"],
            "slipway:hub_token: nothing reads it; allowed with slipway:",
        ),
        (
            {**PLAIN_TOKEN, "slipway:hub_token": "x"},
            [],
            "slipway:hub_token: plain text; allowed: a new value, by `pulumi",
        ),
        (
            PLAIN_TOKEN,
            [],
            "slipway:hub_token: missing; allowed: a value by `pulumi config set --secret slipway:hub_token`",
        ),
        ({**PLAIN_TOKEN, "slipway:hub_token": "x"}, ["slipway:hub_token"], None),
    ],
)
def test_a_secure_key_is_encrypted_and_read_by_something(
    monkeypatch: pytest.MonkeyPatch, keys: dict[str, str], encrypted: list[str], expected: str | None
) -> None:
    """What is wrong with one is told without its value."""
    written = {f"slipway:{key}": _as_pulumi(value) for key, value in raw_settings("staging").items()}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({**written, **keys}))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps(encrypted))
    pulumi.runtime.set_mocks(_NoMocks(), project="slipway", stack="staging")
    if expected is None:
        assert load(CATALOG, endpoints.without_cluster()).secrets.use == ("hub-token",)
        return
    with pytest.raises(ConfigError) as caught:
        load(CATALOG, endpoints.without_cluster())
    (text,) = caught.value.problems
    assert text.startswith(expected)


def test_load_reports_a_key_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt key is not ignored."""
    with_json = {f"slipway:{key}": _as_pulumi(value) for key, value in raw_settings("local").items()}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({**with_json, "slipway:modells": "{}"}))
    pulumi.runtime.set_mocks(_NoMocks(), project="slipway", stack="local")

    with pytest.raises(ConfigError, match="slipway:modells: unknown key"):
        load(CATALOG, endpoints.without_cluster())


def test_a_mapping_that_is_not_json_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pulumi config set slipway:cluster '{kind'` ends as a message, not as a traceback."""
    with_json = {f"slipway:{key}": _as_pulumi(value) for key, value in raw_settings("local").items()}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({**with_json, "slipway:cluster": "{kind"}))
    pulumi.runtime.set_mocks(_NoMocks(), project="slipway", stack="local")

    with pytest.raises(ConfigError, match=r'slipway:cluster: "{kind" is not allowed; allowed: a mapping'):
        load(CATALOG, endpoints.without_cluster())


def _as_pulumi(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class _NoMocks(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> Any:
        raise AssertionError

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        raise AssertionError

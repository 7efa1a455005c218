"""Stack files: what is read from them, and what a mistake gets."""

import copy
import dataclasses
import json
from typing import Any

import pulumi
import pytest

from infra import endpoints
from infra.catalog.load import load_catalog
from infra.config import load, parse
from infra.errors import ConfigError
from infra.stack import StackConfig
from tests.unit.infra.recorder import STACKS, raw_settings, stack_config

CATALOG = load_catalog()


def changed(stack: str, path: str, value: object) -> dict[str, Any]:
    """A stack file's settings with one value set (or the key removed, for `...`)."""
    settings = copy.deepcopy(raw_settings(stack))
    *parents, last = path.split(".")
    group = settings
    for key in parents:
        group = group[key]
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


def key_shape(value: object, path: str = "") -> set[str]:
    """All keys of a settings tree; models are data, so their names and own keys don't count."""
    if not isinstance(value, dict) or path == ".models":
        return {path}
    return {found for key, child in value.items() for found in key_shape(child, f"{path}.{key}")}


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_file_is_valid(stack: str) -> None:
    """The three stacks that come with the project can be loaded."""
    assert stack_config(stack).stack == stack


def test_all_stack_files_have_the_same_keys() -> None:
    """Differences between the stacks are values, never keys."""
    shapes = {stack: key_shape(raw_settings(stack)) for stack in STACKS}
    assert shapes["local"] == shapes["staging"] == shapes["prod"]


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_staging_and_prod_serve_all_seven_models(stack: str) -> None:
    """The same seven on both; stack local has the small one only."""
    assert {model.id for model in stack_config(stack).models} == set(CATALOG.models) - {"gemma-3-270m"}
    assert [model.id for model in stack_config("local").models] == ["gemma-3-270m"]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("colour", "blue", "slipway:colour: unknown key; allowed: owner, cost_centre, cluster, namespace, image, size"),
        ("cluster.color", "x", "slipway:cluster.color: unknown key; allowed: kind, kubeconfig, context, topology"),
        ("ingress.klass", "x", "slipway:ingress.klass: unknown key; allowed: class, host, from_namespace"),
        ("models.legal.max", 3, "legal.max: unknown key; allowed: min_replicas, max_replicas, profile"),
        ("image.registry", "", 'slipway:image.registry: "" is not allowed; allowed: at least 1'),
        ("namespace", ..., "slipway:namespace: is missing"),
        ("quota.cpu", ..., "slipway:quota.cpu: is missing"),
        ("cluster.kind", "docker", "\"docker\" is not allowed; allowed: 'embedded' or 'kubeconfig'"),
        ("cluster", "prod", '"prod" is not allowed; allowed: a mapping of keys to values'),
        ("cluster.context", "auto", "slipway:cluster.context: 'auto' needs slipway:cluster.kind embedded"),
        ("image.registry", "auto", "slipway:image.registry: 'auto' needs slipway:cluster.kind embedded"),
        ("image.platforms", [], "slipway:image.platforms: [] is not allowed; allowed: at least 1"),
        ("image.platforms", ["linux/amd64", "linux/arm64"], "'linux/arm64' can't be built with cpu_variants 'all'"),
        ("image.pull_secret", ..., "slipway:image.pull_secret: is missing"),
        ("image.pull_secret", "My Login", '"My Login" is not allowed; allowed: a DNS name'),
        ("image.platforms", ["linux/arm"], "\"linux/arm\" is not allowed; allowed: 'linux/amd64' or 'linux/arm64'"),
        ("namespace", "Slipway", '"Slipway" is not allowed; allowed: lower-case letters, digits and dashes'),
        ("namespace", "kube-system", "'kube-system' is not allowed; allowed: a namespace of its own"),
        ("size", "tiny", "slipway:size: \"tiny\" is not allowed; allowed: 'full' or 'small'"),
        ("models", {}, "slipway:models: {} is not allowed; allowed: at least 1"),
        (
            "models.gpt5",
            {"min_replicas": 1, "max_replicas": 1},
            "slipway:models.gpt5: there is no such model; allowed: g",
        ),
        ("models.legal.min_replicas", -1, "slipway:models.legal.min_replicas: -1 is not allowed; allowed: 1 or more"),
        ("models.legal.max_replicas", 5000, "max_replicas: 5000 is not allowed; allowed: 1000 or less"),
        ("models.legal.min_replicas", "two", 'min_replicas: "two" is not allowed; allowed: a whole number'),
        ("models.legal.min_replicas", 9, "min_replicas: 9 is above max_replicas; allowed: 1 to 8"),
        ("models.legal.profile", "huge", "slipway:models.legal.profile: 'huge' is not allowed; allowed: cpu-16g"),
        ("storage.class", "Fast", 'slipway:storage.class: "Fast" is not allowed; allowed: lower-case'),
        ("ingress.host", "models_1", '"models_1" is not allowed; allowed: a DNS name such as'),
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
    assert problems(changed("local", "storage.class", "gold")) == (
        "slipway:storage.class: 'gold' is not allowed; allowed: standard, fast-ssd",
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
        "slipway:ingress.host: 'auto' serves one model only; allowed: a DNS name, each model gets a name below it",
    )


def test_all_wrong_keys_types_and_ranges_are_reported_together() -> None:
    """As one readable message."""
    settings = changed("prod", "size", "tiny")
    settings["models"]["legal"]["min_replicas"] = -1
    settings["quota"]["gpus"] = "many"
    del settings["namespace"]

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
    assert config.ingress.class_name == "i"
    assert config.ingress.source_cidrs == known.ingress_source_cidrs


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
    ingress = parse("local", raw_settings("local"), CATALOG, known).ingress
    assert (ingress.host, ingress.base_url, ingress.base_host) == (None, url, host)


def test_other_stacks_never_take_the_local_clusters_endpoints() -> None:
    """A local cluster that happens to run changes nothing about staging and prod."""
    known = dataclasses.replace(endpoints.without_cluster(), kubeconfig="/k", builder="b", base_image="x", ca_file="/c")
    assert parse("prod", raw_settings("prod"), CATALOG, known) == stack_config("prod")


def test_load_reads_what_pulumi_hands_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mappings come as JSON, texts as they are; keys of other projects and of the policy pack are not ours to judge."""
    with_json = {f"slipway:{key}": _as_pulumi(value) for key, value in raw_settings("local").items()}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({**with_json, "aws:region": "x", "slipway:policy": "{}"}))
    pulumi.runtime.set_mocks(_NoMocks(), project="slipway", stack="local")

    loaded: StackConfig = load(CATALOG, endpoints.without_cluster())

    assert loaded == stack_config("local")


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

"""Settings as people write them: what is read, and what a mistake gets."""

import datetime
from typing import Any

import pytest

from policies.errors import SettingsError
from policies.settings import Level, Settings, Waiver
from policies.settings_file import environment_of, parse

RULES = ("read-only-root-fs", "no-host-port")
WAIVER = {"rule": "no-host-port", "object": "Pod n/a", "owner": "team", "reason": "why", "expires": "2026-12-31"}


def problems(data: Any, **words: Any) -> list[str]:
    """What the settings are refused for."""
    with pytest.raises(SettingsError) as caught:
        parse(data, rule_ids=RULES, **words)
    return caught.value.problems


def test_no_setting_at_all_is_a_production_stack() -> None:
    """The defaults are those of `Settings`."""
    assert parse({}) == Settings()


def test_settings_are_read_as_plain_values() -> None:
    """Lists become tuples, levels and dates what they are."""
    written = {
        "environment": "dev",
        "levels": {"all": "advisory", "no-host-port": "disabled"},
        "pod_security_version": "v1.30",
        "registries": ["a", "b"],
        "attested_digests": [],
        "spot_notice_s": {"own": 60},
        "waivers": [WAIVER],
    }
    assert parse(written, rule_ids=RULES) == Settings(
        environment="dev",
        levels={"all": Level.ADVISORY, "no-host-port": Level.DISABLED},
        pod_security_version=(1, 30),
        registries=("a", "b"),
        attested_digests=(),
        spot_notice_s={"own": 60},
        waivers=(Waiver("no-host-port", "Pod n/a", "team", "why", datetime.date(2026, 12, 31)),),
    )


@pytest.mark.parametrize(
    ("stack", "environment"),
    [
        ("local", "dev"),
        ("staging", "dev"),
        ("team-a-test", "dev"),
        ("QA_2", "dev"),
        ("prod", "prod"),
        ("prod-test", "prod"),
        ("latest", "prod"),
        ("eu-west", "prod"),
        ("", "prod"),
    ],
)
def test_the_name_of_a_stack_says_its_environment(stack: str, environment: str) -> None:
    """Whatever is not plainly a rehearsal is held to all of it."""
    assert environment_of(stack) == environment
    assert parse({}, stack=stack).environment == environment


def test_an_environment_that_is_set_wins_over_the_name() -> None:
    """Both ways."""
    assert parse({"environment": "prod"}, stack="local").environment == "prod"
    assert parse({"environment": "dev"}, stack="prod").environment == "dev"


def test_all_problems_are_reported_together() -> None:
    """Each with its setting, its value and what is allowed."""
    found = problems(
        {
            "min_replicas": -1,
            "gpu_memory_utilization": 1.5,
            "spot_notice_s": {"own": -60},
            "pod_security_version": 1.3,
            "registries": "abc",
            "nope": 1,
            "environment": "test",
            "levels": {"no-host-prot": "advisory", "all": "off"},
        },
        prefix="slipway:policy.",
    )
    assert found[:-1] == [
        'slipway:policy.pod_security_version: 1.3 is not allowed; allowed: a version such as "1.36", in quotes',
        "slipway:policy.min_replicas: -1 is not allowed; allowed: 0 or more, and finite",
        "slipway:policy.gpu_memory_utilization: 1.5 is not allowed; allowed: 0 to 1",
        "slipway:policy.spot_notice_s: -60 is not allowed; allowed: 0 or more, and finite",
        "slipway:policy.levels.no-host-prot: there is no such rule; did you mean no-host-port?",
        "slipway:policy.environment: \"test\" is not allowed; allowed: 'prod' or 'dev'",
        'slipway:policy.levels.all: "off" is not allowed; '
        "allowed: 'disabled', 'advisory', 'mandatory' or 'remediate'",
        'slipway:policy.registries: "abc" is not allowed; allowed: a list',
    ]
    assert found[-1].startswith("slipway:policy.nope: unknown key; allowed: environment, levels, waivers")


@pytest.mark.parametrize("name", ["min_replicas", "cache_headroom", "max_gpus"])
def test_yes_is_no_number(name: str) -> None:
    """It would be taken for 1."""
    assert problems({name: True}) == [f"{name}: true is not allowed; allowed: a number"]
    assert parse({"single_node": True}).single_node


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("min_replicas", "-3", "0 or more, and finite"),
        ("gpu_memory_utilization", "1.5", "0 to 1"),
        ("cache_headroom", "inf", "0 or more, and finite"),
        ("cache_headroom", "nan", "0 or more, and finite"),
        ("cache_headroom", float("inf"), "0 or more, and finite"),
        ("image_sizes_bytes", {"sha256:a": "-1"}, "0 or more, and finite"),
    ],
)
def test_a_number_has_its_bounds_however_it_is_written(name: str, value: object, allowed: str) -> None:
    """As text, too, which is what `pulumi config set` may make of it."""
    (problem,) = problems({name: value})
    assert problem.startswith(f"{name}: ")
    assert problem.endswith(f" is not allowed; allowed: {allowed}")


@pytest.mark.parametrize(
    "target", ["*", "Deployment", "shop/a", "Deployment shop/a b", "Deployment shop/a/b", "Pod /a"]
)
def test_a_waiver_names_what_it_is_for(target: str) -> None:
    """A kind, and where that has a namespace, which one: otherwise it would cover nothing, or too much."""
    (problem,) = problems({"waivers": [WAIVER, {**WAIVER, "object": target}]})
    expected = '"Kind namespace/name", or "Kind name" of a kind without namespaces'
    assert problem == f"waivers.1.object: {target!r} is not allowed; allowed: {expected}"


@pytest.mark.parametrize("target", ["Deployment shop/*", "ClusterRole system:a.b", "* */*", " Pod n/[ab] "])
def test_a_waiver_may_have_globs(target: str) -> None:
    """In each of its parts."""
    (waiver,) = parse({"waivers": [{**WAIVER, "object": target}]}, rule_ids=RULES).waivers
    assert waiver.object == target.strip()


@pytest.mark.parametrize("missing", ["rule", "object", "owner", "reason", "expires"])
def test_a_waiver_says_who_why_and_how_long(missing: str) -> None:
    """Or it is none; an empty word says nothing either."""
    assert problems({"waivers": [{k: v for k, v in WAIVER.items() if k != missing}]}) == [
        f"waivers.0.{missing}: is missing"
    ]
    if missing in ("owner", "reason", "object"):
        assert problems({"waivers": [{**WAIVER, missing: "  "}]})[0].startswith(f"waivers.0.{missing}: ")


def test_a_waiver_of_an_unknown_rule_or_with_another_key_is_refused() -> None:
    """A misspelt rule would waive nothing, in silence."""
    assert problems({"waivers": [WAIVER, {**WAIVER, "rule": "read-only-rootfs", "until": "x"}]}) == [
        "waivers.1.rule: 'read-only-rootfs': there is no such rule; did you mean read-only-root-fs?",
        "waivers.1.until: unknown key; allowed: rule, object, owner, reason, expires",
    ]


def test_a_rule_that_is_like_none_is_led_to_the_list() -> None:
    """A far guess helps nobody."""
    assert problems({"levels": {"x": "advisory"}}) == [
        "levels.x: there is no such rule; `slipway policy rules` lists them"
    ]


@pytest.mark.parametrize("data", ["text", [1], None, 3])
def test_settings_that_are_no_mapping_are_refused(data: object) -> None:
    """Also where one was expected to be JSON."""
    assert problems(data, prefix="slipway:policy.") == ["slipway:policy: must be a mapping of keys to values"]
    assert problems(data) == ["settings: must be a mapping of keys to values"]


@pytest.mark.parametrize("waivers", [{}, "x", [3]])
def test_waivers_of_another_shape_are_refused(waivers: object) -> None:
    """Without a traceback."""
    assert problems({"waivers": waivers, "levels": []})

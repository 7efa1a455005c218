"""The provider's configuration."""

import pytest

from tools.plugins.kubernetes.errors import InputError, RefusedError
from tools.plugins.kubernetes.settings import Settings, load


def test_nothing_given_is_the_official_providers_default() -> None:
    """ConfigMaps and Secrets are replaced, existing objects are left alone."""
    assert load({}, {}) == Settings()
    assert not load({}, {}).is_config_map_mutable


def test_options_come_with_the_engines_prefix() -> None:
    """Texts, also for switches."""
    settings = load({"kubernetes:config:namespace": "a", "kubernetes:config:enableSecretMutable": "true"}, {})
    assert settings == Settings(namespace="a", is_secret_mutable=True)


def test_the_option_wins_over_the_environment() -> None:
    """Also when it says no."""
    environ = {"PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE": "true"}
    assert load({}, environ).is_config_map_mutable
    assert not load({"kubernetes:config:enableConfigMapMutable": "false"}, environ).is_config_map_mutable


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("renderYamlToDirectory", "out"),
        ("alwaysRender", "true"),
        ("strictMode", "true"),
        ("enableServerSideApply", "false"),
    ],
)
def test_options_of_the_official_provider_alone_are_refused_by_name(option: str, value: str) -> None:
    """Ignoring them would do something else than was asked for."""
    with pytest.raises(RefusedError, match=rf"{option}='{value}'.*stand-in"):
        load({f"kubernetes:config:{option}": value}, {})


def test_options_that_are_switched_off_are_not_refused() -> None:
    """SDKs send them empty or false."""
    load({"kubernetes:config:renderYamlToDirectory": "", "kubernetes:config:strictMode": "false"}, {})


def test_a_switch_that_is_neither_on_nor_off_is_named() -> None:
    """Option, variable and value."""
    with pytest.raises(InputError, match=r"enablePatchForce .*PULUMI_K8S_ENABLE_PATCH_FORCE.*='maybe'"):
        load({}, {"PULUMI_K8S_ENABLE_PATCH_FORCE": "maybe"})

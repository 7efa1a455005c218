"""`cluster.kind: stack`: what another stack says of the cluster."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, set_mocks

from infra import endpoints
from infra.catalog.load import load_catalog
from infra.components import shared_cluster
from infra.config import parse, shared
from infra.errors import ConfigError

STACK = "my-org/clusters/prod"
RAW: dict[str, Any] = {
    "cluster": {"kind": "stack", "stack": STACK},
    "image": {"registry": "registry.my.org"},
    "edge": {"host": "models.my.org"},
}
OUTPUTS: dict[str, Any] = {
    "kubeconfig": None,
    "context": "prod",
    "provider": "aws",
    "version": "1.35",
    "ingress_class": "traefik",
    "issuer": "letsencrypt",
    "weights_class": "efs",
}


def filled(raw: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """With what the stack says; `...` for what it does not."""
    outputs = {key: value for key, value in {**OUTPUTS, **changes}.items() if value is not ...}
    return shared.fill(raw, lambda _: outputs)


def test_what_the_stack_file_leaves_out_comes_from_the_cluster() -> None:
    """Context, provider, version, classes, issuer; defaults stay where the cluster says nothing either."""
    config = parse("mine", filled(RAW), load_catalog(), endpoints.without_cluster())
    assert (config.cluster.stack, config.cluster.context, config.cluster.kubeconfig) == (STACK, "prod", None)
    assert (config.cluster.provider, config.cluster.version) == ("aws", (1, 35))
    assert (config.edge.class_name, config.edge.from_namespace) == ("traefik", "traefik")
    assert config.edge.tls is not None
    assert config.edge.tls.issuer == "letsencrypt"
    assert (config.storage.weights_class, config.storage.data_class) == ("efs", "standard")


def test_the_stack_file_has_the_last_word() -> None:
    """About classes, and about how certificates come."""
    raw = {**RAW, "edge": {"host": "a.org", "class": "nginx", "tls_secret": "mine"}}
    assert filled(raw)["edge"] == raw["edge"]


def test_other_kinds_ask_nobody() -> None:
    """Nor does a file that is wrong: that is told when it is parsed."""

    def never(_: str) -> dict[str, Any]:
        raise AssertionError

    for raw in (
        {},
        {"cluster": "stack"},
        {"cluster": {"kind": "stack", "stack": 3}},
        {"cluster": {"kind": "embedded"}},
    ):
        assert shared.fill(raw, never) == raw


@pytest.mark.parametrize("name", shared.NEEDED)
def test_an_output_that_is_missing_is_named(name: str) -> None:
    """With those that are there."""
    with pytest.raises(ConfigError, match=f"{STACK} has no output '{name}'; it has: .*; needed: kubeconfig, context"):
        filled(RAW, **{name: ...})


def test_an_output_that_is_no_text_is_named() -> None:
    """Instead of one problem after the other."""
    with pytest.raises(ConfigError) as caught:
        filled(RAW, issuer=3, weights_class={"a": 1})
    assert len(caught.value.problems) == 2
    assert "the output 'issuer' of my-org/clusters/prod is a secret or no text" in caught.value.problems[0]


class Engine(pulumi.runtime.Mocks):
    """Tells the outputs of one stack."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """A reference reads the stack."""
        told = {"kubeconfig": {"apiVersion": "v1"}, "context": "prod"}
        return args.name, {"name": args.name, "outputs": told, "secretOutputNames": []}

    def call(self, args: MockCallArgs) -> Any:
        """As the engine does it."""
        if args.args["name"] != STACK:
            raise ValueError(f'failed: error: unknown stack "{args.args["name"]}"')
        told = {"kubeconfig": "SECRET", "token": "SECRET", "context": "prod"}
        return {"outputs": told, "secretOutputNames": ["token"], "name": STACK}


def test_secrets_of_the_other_stack_are_left_out() -> None:
    """Also a kubeconfig that was not marked as one."""
    set_mocks(Engine(), project="slipway", stack="mine", preview=False)
    assert shared_cluster.outputs_of(STACK) == {"kubeconfig": None, "token": None, "context": "prod"}


def test_a_stack_that_cannot_be_read_is_named() -> None:
    """With the setting, and the backend's reason."""
    set_mocks(Engine(), project="slipway", stack="mine", preview=False)
    with pytest.raises(ConfigError, match=r"slipway:cluster.stack: 'a/b/c' can't be read: .*unknown stack"):
        shared_cluster.outputs_of("a/b/c")


def test_the_kubeconfig_is_a_secret_on_its_way_to_the_provider() -> None:
    """And a document, whatever it was."""
    set_mocks(Engine(), project="slipway", stack="mine", preview=False)

    seen: list[Any] = []

    async def look(found: pulumi.Output[str]) -> None:
        seen.extend([await found.future(), await found.is_secret()])

    def check() -> Any:
        found = shared_cluster.kubeconfig_of(STACK)
        return found.apply(lambda _: look(found))

    pulumi.runtime.test(check)()  # type: ignore[no-untyped-call]
    assert seen == ['{"apiVersion": "v1"}', True]

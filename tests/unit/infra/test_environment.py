"""What is taken from the process environment."""

from pathlib import Path

import pytest

from infra.environment import Environment


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"HOME": "/h"}, "/h/.local/state/slipway"),
        ({"HOME": "/h", "XDG_STATE_HOME": "/x"}, "/x/slipway"),
        ({"HOME": "/h", "XDG_STATE_HOME": "/x", "SLIPWAY_STATE_DIR": "/s"}, "/s"),
        ({"HOME": "/h", "XDG_STATE_HOME": "", "SLIPWAY_STATE_DIR": ""}, "/h/.local/state/slipway"),
    ],
)
def test_the_state_directory_follows_the_most_specific_setting(environ: dict[str, str], expected: str) -> None:
    """SLIPWAY_STATE_DIR, then XDG_STATE_HOME, then the home directory; an empty value counts as unset."""
    assert Environment.read(environ).state_dir == Path(expected)


def test_the_ambient_kubeconfig_is_what_kubectl_would_use() -> None:
    """All files of KUBECONFIG in their order, else ~/.kube/config."""
    assert Environment.read({"HOME": "/h"}).kubeconfig_files == (Path("/h/.kube/config"),)
    assert Environment.read({"HOME": "/h", "KUBECONFIG": "/a:/b"}).kubeconfig_files == (Path("/a"), Path("/b"))


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, set()),
        ({"HTTPS_PROXY": "http://p:1"}, {"https"}),
        ({"https_proxy": "http://p:1", "http_proxy": "http://p:1"}, {"https", "http"}),
        ({"HTTPS_PROXY": "", "ALL_PROXY": "http://p:1"}, set()),
    ],
)
def test_a_proxy_is_set_in_the_usual_variables(environ: dict[str, str], expected: set[str]) -> None:
    """In capitals or not, per scheme, as the Kubernetes clients read them; an empty one is none."""
    assert Environment.read({"HOME": "/h", **environ}).proxied_schemes == expected

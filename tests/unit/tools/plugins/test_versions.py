"""The version of an installed package."""

import importlib.metadata

import pytest

from tools.plugins.versions import version_of


@pytest.mark.parametrize("package", ["pulumi", "pulumi_kubernetes"])
def test_it_is_the_one_that_pip_has_installed(package: str) -> None:
    """The same as the slow way gives."""
    assert version_of(package) == importlib.metadata.version(package)


def test_a_package_that_is_not_installed_is_named() -> None:
    """The message says which one."""
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        version_of("no_such_package")

"""Runtime options of a project file."""

import pytest

from tools.plugins.language_host.errors import OptionError
from tools.plugins.language_host.options import Options, parse


def test_nothing_given_means_the_python_on_path() -> None:
    """All options have a default."""
    assert parse({}) == Options(virtualenv="", typechecker="")


def test_virtualenv_and_typechecker_are_taken() -> None:
    """As the project file says."""
    assert parse({"virtualenv": ".venv", "typechecker": "mypy", "toolchain": "pip"}) == Options(".venv", "mypy")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"toolchain": "uv"}, "toolchain: 'uv'.*allowed is 'pip'"),
        ({"typechecker": "flake"}, "typechecker: 'flake'.*'mypy', 'pyright'"),
        ({"virtualenv": 3}, "virtualenv: 3.*must be a string"),
    ],
)
def test_what_can_not_be_honoured_is_an_error_with_name_value_and_choice(options: dict[str, object], said: str) -> None:
    """Nothing is ignored silently."""
    with pytest.raises(OptionError, match=said):
        parse(options)

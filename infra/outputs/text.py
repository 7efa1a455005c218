"""Values -> YAML as a person would write it, the same for the same values; and the header by which it is known."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

MARK: Final = "# Written by `slipway render"
"""Files that begin so are ours to replace and to remove."""

_ODD_ENDS: Final = re.compile("[\r\x85\u2028\u2029]")


def header(target: str, stack: str) -> str:
    """The first lines of each file."""
    return (
        f"{MARK} --target {target} --stack {stack}`, from the stack file and the catalog: change those, not this.\n"
        "# The next render replaces it.\n"
    )


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks; nothing by reference."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  as the base class has it
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    """Line ends that are not everybody's are written out, or they would come back as others."""
    style = '"' if _ODD_ENDS.search(value) else "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def dump(value: object) -> str:
    """Keys as they come: the order that tells most is the author's."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=2**20, allow_unicode=True)

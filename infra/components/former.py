"""What a component was called before: a volume is found again by where it is registered, and made anew where it is not.

An object's URN has the types of its component and of all above it, and its own name; not the names of components. So a
component may get another name, but where its type changes, or it goes into another one, the former type is told here.
"""

from __future__ import annotations

import pulumi

from infra import names


def type_of(name: str) -> str:
    """The type of one of our components."""
    return f"{names.PROJECT}:infra:{name}"


def called(opts: pulumi.ResourceOptions | None, *former: str) -> pulumi.ResourceOptions:
    """The options of a component whose type had these names before; what it contains is found by them, too."""
    aliases = [pulumi.Alias(type_=type_of(name)) for name in former]
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(aliases=aliases))

"""What goes wrong between us and a registry, as one line each."""

from __future__ import annotations

from tools.errors import ToolError


class ImageUnreadable(ToolError):
    """A registry does not answer, does not have it, or sends other bytes than it promised."""


class UnknownVariant(ToolError):
    """A name that image/sizes.yaml does not have."""

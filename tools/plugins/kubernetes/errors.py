"""Every error that the provider answers in one readable message.

::

    ProviderError               base: the engine shows its text at the resource
     +-- RefusedError           the stand-in does not do this; says what to install +-- InputError             a
     resource or a setting is wrong; names it +-- UnreachableError       no kubeconfig, or no API server answers +--
     NoSuchKindError        the API server has no such kind: its CRD is not there +-- ApiError               the API
     server said no: status, reason, message +-- NotReadyError          the object is there, but did not become
     ready, or did not go; carries what is known of it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

OFFICIAL = "install the official provider with `pulumi plugin install resource kubernetes`"


class ProviderError(Exception):
    """Something the user can act on."""


class RefusedError(ProviderError):
    """Left to the official provider."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: not supported by this stand-in for pulumi-resource-kubernetes; {OFFICIAL}")


class InputError(ProviderError):
    """A resource or a setting that can't be right."""


class UnreachableError(ProviderError):
    """No cluster to talk to."""


class NoSuchKindError(ProviderError):
    """The API server does not know the kind."""

    def __init__(self, api_version: str, kind: str) -> None:
        super().__init__(
            f"the API server has no kind {kind} in {api_version}; "
            "check the apiVersion, or create its CustomResourceDefinition first"
        )


class ApiError(ProviderError):
    """The API server's own answer."""

    def __init__(self, status: int, reason: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.details = details or {}

    def explained(self, text: str) -> ApiError:
        """The same answer with a text that says more."""
        return ApiError(self.status, self.reason, text, self.details)

    @property
    def is_not_found(self) -> bool:
        """The object, or the namespace it goes into, is not there."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def is_namespace_missing(self) -> bool:
        """The namespace it goes into is not there."""
        return self.is_not_found and self.details.get("kind") == "namespaces"

    @property
    def is_forbidden(self) -> bool:
        """This user may not do it."""
        return self.status == HTTPStatus.FORBIDDEN

    @property
    def is_existing(self) -> bool:
        """An object with this name is there already."""
        return self.status == HTTPStatus.CONFLICT and self.reason == "AlreadyExists"

    @property
    def is_conflict(self) -> bool:
        """Someone else owns a field, or has changed the object meanwhile."""
        return self.status == HTTPStatus.CONFLICT and self.reason != "AlreadyExists"

    @property
    def is_dry_run_refused(self) -> bool:
        """A webhook on the way can't be asked without effect."""
        return self.status == HTTPStatus.BAD_REQUEST and "does not support dry run" in str(self)


class NotReadyError(ProviderError):
    """The API server has the object, but it is not as it was asked to be."""

    def __init__(self, text: str, live: dict[str, Any], reasons: Sequence[str]) -> None:
        super().__init__(text)
        self.live = live
        self.reasons = tuple(reasons)

"""Answers that take some building: a difference with its details, and an object that is there but not ready."""

from __future__ import annotations

from typing import Any, Final, NoReturn

import grpc
from google.protobuf import any_pb2

from tools.plugins.kubernetes import paths
from tools.plugins.kubernetes.comparison import Difference
from tools.plugins.kubernetes.diff import ChangeKind
from tools.plugins.kubernetes.errors import NotReadyError
from tools.plugins.kubernetes.values import Object, to_struct
from tools.plugins.protocol import provider_pb2, status_pb2

DETAILS: Final = "grpc-status-details-bin"
UNREADY_PATH: Final = 'metadata.annotations["pulumi.com/replaceUnready"]'


def diff_response(found: Difference, *, is_unready_job: bool) -> provider_pb2.DiffResponse:
    """What would change, field by field."""
    replaces = [paths.render(change.path) for change in found.replacing]
    details = {}
    for change in found.changes:
        suffix = "_REPLACE" if change in found.replacing else ""
        details[paths.render(change.path)] = provider_pb2.PropertyDiff(
            kind=provider_pb2.PropertyDiff.Kind.Value(change.kind.value + suffix),
            inputDiff=change.kind is ChangeKind.DELETE,  # the new object has nothing there to show
        )
    if is_unready_job:
        replaces.append(UNREADY_PATH)
    some = bool(found.changes) or is_unready_job
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if some else provider_pb2.DiffResponse.DIFF_NONE,
        replaces=replaces,
        deleteBeforeReplace=bool(replaces) and found.has_same_name,
        detailedDiff=details,
        hasDetailedDiff=True,
    )


def abort_unready(
    context: grpc.ServicerContext, error: NotReadyError, what: str, *, id_: str, state: Object, inputs: Any = None
) -> NoReturn:
    """Fail the call, but let the engine keep the object: the next update repairs it."""
    text = f"{what}: {error}"
    failed = provider_pb2.ErrorResourceInitFailed(
        id=id_,
        properties=to_struct(state),
        reasons=[text, *error.reasons],
        inputs=to_struct(inputs) if inputs is not None else None,
    )
    detail = any_pb2.Any()
    detail.Pack(failed)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=text, details=[detail])
    context.set_trailing_metadata(((DETAILS, status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, text)

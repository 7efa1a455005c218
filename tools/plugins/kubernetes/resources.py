"""The calls that are about one resource: Check, Diff, Create, Update, Read, Delete.

Turns messages into plain objects and back; what is done with the objects is elsewhere. Without a cluster a preview goes
on with what the program says, and one warning; everything else fails and says why.
"""

from __future__ import annotations

import secrets
from typing import Final

import grpc
from google.protobuf import empty_pb2

from tools.plugins.kubernetes import answers, kinds, paths, state
from tools.plugins.kubernetes.annotations import REPLACE_UNREADY, is_set
from tools.plugins.kubernetes.autoname import Naming
from tools.plugins.kubernetes.check import check
from tools.plugins.kubernetes.cluster import Ref, ref_of
from tools.plugins.kubernetes.comparison import Compared, difference
from tools.plugins.kubernetes.diff import prune
from tools.plugins.kubernetes.errors import InputError, NotReadyError, ProviderError, UnreachableError
from tools.plugins.kubernetes.kinds import Kind
from tools.plugins.kubernetes.normalise import as_inputs, normalise
from tools.plugins.kubernetes.objects import api_version_of, id_of, kind_of, split_id
from tools.plugins.kubernetes.session import Session
from tools.plugins.kubernetes.values import (
    Object,
    for_state,
    from_struct,
    has_unknown,
    mark_secrets,
    plain,
    to_struct,
)
from tools.plugins.protocol import provider_pb2, provider_pb2_grpc
from tools.plugins.rpc import readable_errors

NUM_MANAGER_BYTES: Final = 4
FORGET_HINT: Final = "if it is gone for good, set PULUMI_K8S_DELETE_UNREACHABLE=true to forget what was in it"

readable = readable_errors(ProviderError, grpc.StatusCode.UNKNOWN)


class ResourceCalls(provider_pb2_grpc.ResourceProviderServicer):
    """Resources of one configured provider."""

    _session: Session

    @readable
    def Check(self, request: provider_pb2.CheckRequest, _context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        """The inputs as they are kept."""
        session = self._session
        if session.settings.is_update_skipped_unreachable and request.HasField("olds") and self._is_blind():
            session.reporter(request.urn).warn("The cluster does not answer: skipped, as skipUpdateUnreachable says")
            return provider_pb2.CheckResponse(inputs=request.olds)
        options = provider_pb2.CheckRequest.AutonamingOptions
        naming = Naming(
            resource_name=kinds.name_of_urn(request.urn),
            seed=request.randomSeed or secrets.token_bytes(NUM_MANAGER_BYTES),
            proposed=request.autonaming.proposed_name,
            is_disabled=request.autonaming.mode == options.DISABLE and request.HasField("autonaming"),
        )
        try:
            inputs = check(
                kinds.type_of_urn(request.urn),
                from_struct(request.news),
                from_struct(request.olds),
                naming=naming,
                scopes=session.scopes,
                default_namespace=session.connection.namespace(),
            )
        except InputError as e:
            return provider_pb2.CheckResponse(inputs=request.news, failures=[provider_pb2.CheckFailure(reason=str(e))])
        return provider_pb2.CheckResponse(inputs=to_struct(inputs))

    @readable
    def Diff(self, request: provider_pb2.DiffRequest, _context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """What an update would change."""
        session = self._session
        kept = state.read(from_struct(request.olds))
        inputs = normalise(plain(from_struct(request.news)))
        old_inputs = normalise(kept.inputs or plain(from_struct(request.old_inputs)))
        manager = state.manager_of(inputs, kept.manager, secrets.token_hex(NUM_MANAGER_BYTES))
        found = difference(
            Compared(old_inputs=old_inputs, live=kept.live, inputs=inputs),
            ignored=[paths.parse(text) for text in request.ignoreChanges],
            settings=session.settings,
            is_namespaced=session.scopes.is_namespaced(Kind(api_version_of(inputs), kind_of(inputs))),
            dry_run=lambda wanted: session.preview_operation(request.urn).settle_by(wanted, manager=manager),
        )
        return answers.diff_response(found, is_unready_job=self._is_unready_job(inputs, kept.live, request.urn))

    @readable
    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        """Create the object and wait for it; in a preview, what that would give."""
        given = from_struct(request.properties)
        inputs = plain(given)
        manager = state.manager_of(inputs, "", secrets.token_hex(NUM_MANAGER_BYTES))

        def kept(live: Object) -> Object:
            return state.write(inputs, live, given, api_version=api_version_of(inputs), manager=manager)

        if request.preview:
            live = None
            if not has_unknown(inputs):
                live = self._session.preview(request.urn, lambda op: op.preview_create(inputs, manager=manager))
            properties = request.properties if live is None else to_struct(kept(_without_status(live)))
            return provider_pb2.CreateResponse(properties=properties)
        try:
            live = self._session.operation(request.urn).create(
                inputs, manager=manager, custom_timeout_s=request.timeout
            )
        except NotReadyError as e:
            what = f'resource "{request.urn}" was created, but it did not become ready'
            answers.abort_unready(context, e, what, id_=id_of(e.live), state=kept(e.live))
        return provider_pb2.CreateResponse(id=id_of(live), properties=to_struct(kept(live)))

    @readable
    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        """Update the object and wait for it; in a preview, what that would give."""
        given = from_struct(request.news)
        inputs = normalise(plain(given))
        before = state.read(from_struct(request.olds))
        manager = state.manager_of(inputs, before.manager, secrets.token_hex(NUM_MANAGER_BYTES))
        ignored = [paths.parse(text) for text in request.ignoreChanges]

        def kept(live: Object) -> Object:
            return state.write(inputs, live, given, api_version=before.api_version, manager=manager)

        if request.preview:
            live = None
            if not has_unknown(inputs):
                live = self._session.preview(
                    request.urn, lambda op: op.preview_update(inputs, manager=manager, ignored=ignored)
                )
            return provider_pb2.UpdateResponse(properties=request.news if live is None else to_struct(kept(live)))
        try:
            live = self._session.operation(request.urn).update(
                inputs, manager=manager, ignored=ignored, custom_timeout_s=request.timeout
            )
        except NotReadyError as e:
            what = f'"{request.id}" was updated, but it did not become ready'
            answers.abort_unready(context, e, what, id_=request.id, state=kept(e.live))
        return provider_pb2.UpdateResponse(properties=to_struct(kept(live)))

    @readable
    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        """The object as it is now: for a refresh, an import, or a `get` in the program."""
        given = from_struct(request.inputs)
        before = state.read(from_struct(request.properties))
        old_inputs = normalise(plain(given))
        try:
            operation = self._session.operation(request.urn)
        except UnreachableError as e:
            return self._read_blindly(request, e)
        live = operation.read(_ref(request.id, request.urn, old_inputs or before.live))
        if live is None:
            return provider_pb2.ReadResponse()
        is_known = bool(old_inputs)
        inputs: Object = prune(live, old_inputs) if is_known else as_inputs(live)
        kept = state.write(
            inputs,
            live,
            given,
            api_version=before.api_version or api_version_of(live),
            manager=state.manager_of(inputs, before.manager, secrets.token_hex(NUM_MANAGER_BYTES)),
        )
        marked = mark_secrets(for_state(inputs), given)
        verdict = operation.readiness(old_inputs, live) if is_known else None
        if verdict and not verdict.is_ready:
            error = NotReadyError("it is not ready", live, verdict.problems)
            answers.abort_unready(context, error, f'"{request.id}" was read', id_=request.id, state=kept, inputs=marked)
        return provider_pb2.ReadResponse(
            id=request.id or id_of(live), properties=to_struct(kept), inputs=to_struct(marked)
        )

    @readable
    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Delete the object and wait until it is gone."""
        given = from_struct(request.properties)
        kept = state.read(given)
        try:
            operation = self._session.operation(request.urn)
        except UnreachableError as e:
            if not self._session.settings.is_deleted_unreachable:
                raise UnreachableError(f"{e}; {FORGET_HINT}") from e
            self._session.reporter(request.urn).warn(f"{e}; forgotten, as deleteUnreachable says")
            return empty_pb2.Empty()
        try:
            ref = _ref(request.id, request.urn, kept.live)
            operation.delete(ref, kept.inputs, custom_timeout_s=request.timeout)
        except NotReadyError as e:
            last = state.write(kept.inputs, e.live, given, api_version=kept.api_version, manager=kept.manager)
            answers.abort_unready(context, e, f'"{request.id}" was not deleted', id_=request.id, state=last)
        return empty_pb2.Empty()

    # -- helpers ----------------------------------------------------------------------------------

    def _is_blind(self) -> bool:
        try:
            self._session.connection.cluster()
        except UnreachableError:
            return True
        return False

    def _read_blindly(self, request: provider_pb2.ReadRequest, error: UnreachableError) -> provider_pb2.ReadResponse:
        options = self._session.settings
        if options.is_deleted_unreachable:
            self._session.reporter(request.urn).warn(f"{error}; forgotten, as deleteUnreachable says")
            return provider_pb2.ReadResponse()
        if options.is_update_skipped_unreachable:
            self._session.reporter(request.urn).warn(f"{error}; left as it was, as skipUpdateUnreachable says")
            return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)
        raise UnreachableError(f"{error}; {FORGET_HINT}") from error

    def _is_unready_job(self, inputs: Object, live: Object, urn: str) -> bool:
        """Whether a Job is to be replaced because it has failed, which its annotation asks for."""
        if not is_set(inputs, REPLACE_UNREADY) or kind_of(inputs) != "Job" or self._is_blind():
            return False
        operation = self._session.operation(urn)
        now = operation.read(ref_of(live))
        return now is not None and not operation.readiness(inputs, now).is_ready


def _ref(id_: str, urn: str, known: Object) -> Ref:
    """Which object an id means; its kind is what is known of it, else what the type says."""
    namespace, name = split_id(id_)
    kind = Kind(api_version_of(known), kind_of(known)) if kind_of(known) else kinds.of_token(kinds.type_of_urn(urn))
    return Ref(kind, namespace, name)


def _without_status(live: Object) -> Object:
    """A dry run gives an empty status, which programs would take for a real one."""
    return {key: value for key, value in live.items() if key != "status"}

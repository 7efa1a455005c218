"""Answers the engine: `pulumirpc.ResourceProvider`, for one configuration of the provider.

Turns messages into plain objects and back; what is done with the objects is elsewhere. Without a cluster a preview
goes on with what the program says, and one warning; everything else fails and says why.
"""

from __future__ import annotations

import functools
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf import empty_pb2

from tools.plugins.engine import Log
from tools.plugins.kubernetes import answers, kinds, paths, settings, state
from tools.plugins.kubernetes.annotations import REPLACE_UNREADY, is_set
from tools.plugins.kubernetes.autoname import Naming
from tools.plugins.kubernetes.check import check
from tools.plugins.kubernetes.cluster import Ref, ref_of
from tools.plugins.kubernetes.comparison import Compared, difference
from tools.plugins.kubernetes.configuration import compare_configurations, texts_of
from tools.plugins.kubernetes.diff import prune
from tools.plugins.kubernetes.errors import (
    InputError,
    NotReadyError,
    ProviderError,
    RefusedError,
    UnreachableError,
)
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
from tools.plugins.kubernetes.wait import Clock
from tools.plugins.protocol import plugin_pb2, provider_pb2, provider_pb2_grpc
from tools.plugins.versions import version_of

NUM_MANAGER_BYTES = 4
FORGET_HINT = "if it is gone for good, set PULUMI_K8S_DELETE_UNREACHABLE=true to forget what was in it"

Method = TypeVar("Method", bound=Callable[..., Any])


def _readable_errors(method: Method) -> Method:
    """Answer a ProviderError with its text."""

    @functools.wraps(method)
    def answer(self: KubernetesProvider, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except ProviderError as e:
            context.abort(grpc.StatusCode.UNKNOWN, str(e))

    return answer  # type: ignore[return-value]


class KubernetesProvider(provider_pb2_grpc.ResourceProviderServicer):
    """The provider of one engine."""

    def __init__(self, log: Log, environ: Mapping[str, str]) -> None:
        self._log = log
        self._environ = environ
        self._clock = Clock()
        self._session = Session(settings.Settings(), environ, log, self._clock)

    # -- the provider itself ----------------------------------------------------------------------

    def GetPluginInfo(self, _request: empty_pb2.Empty, _context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """It stands in for the version that the installed SDK asks for."""
        return plugin_pb2.PluginInfo(version=version_of("pulumi_kubernetes"))

    def GetSchema(
        self, _request: provider_pb2.GetSchemaRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        """Its name only: the real schema comes with the official provider, and only code generators need it."""
        schema = {"name": "kubernetes", "version": version_of("pulumi_kubernetes")}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Refuse options that this provider does not have."""
        failures = []
        try:
            settings.load(texts_of(from_struct(request.news)), self._environ)
        except ProviderError as e:
            failures.append(provider_pb2.CheckFailure(reason=str(e)))
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    @_readable_errors
    def DiffConfig(
        self, request: provider_pb2.DiffRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Whether another configuration means another cluster."""
        found = compare_configurations(from_struct(request.olds), from_struct(request.news))
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some if found.changed else none, diffs=found.changed, replaces=found.replacing
        )

    @_readable_errors
    def Configure(
        self, request: provider_pb2.ConfigureRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Take the options. Connects to nothing yet."""
        self._session = Session(
            settings.load(dict(request.variables), self._environ), self._environ, self._log, self._clock
        )
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    def Cancel(self, _request: empty_pb2.Empty, _context: grpc.ServicerContext) -> empty_pb2.Empty:
        """The user wants it to end: every wait gives up, with what is known so far."""
        self._clock.cancelled.set()
        return empty_pb2.Empty()

    @_readable_errors
    def Invoke(self, request: provider_pb2.InvokeRequest, _context: grpc.ServicerContext) -> NoReturn:
        """Functions render charts and YAML bundles: left to the official provider."""
        raise RefusedError(f"function {request.tok}")

    @_readable_errors
    def Construct(self, request: provider_pb2.ConstructRequest, _context: grpc.ServicerContext) -> NoReturn:
        """So do components."""
        raise RefusedError(f"component {request.type}")

    # -- resources --------------------------------------------------------------------------------

    @_readable_errors
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

    @_readable_errors
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

    @_readable_errors
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

    @_readable_errors
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

    @_readable_errors
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

    @_readable_errors
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

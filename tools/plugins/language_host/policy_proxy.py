"""Stands between the engine and a policy pack, because the pack must know its stack before it starts.

The Python SDK of policy packs reads project, stack and configuration from its environment, but the engine tells them
only over gRPC, to a plugin that runs already. So this proxy is what the engine connects to: it takes
`ConfigureStack`, and only then the pack is started, with that environment. All other calls pass through as bytes:
nothing here knows what they mean.

    engine -> proxy: Handshake, ConfigureStack   answered here
           -> start of the pack, whose port is its first line of output
           -> proxy -> pack: everything else
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent import futures

import grpc

from tools.plugins.language_host.errors import PolicyPackError
from tools.plugins.language_host.processes import Chunk, Stream
from tools.plugins.protocol import analyzer_pb2
from tools.plugins.server import CHANNEL_OPTIONS

SERVICE = "/pulumirpc.Analyzer/"
HANDSHAKE = SERVICE + "Handshake"
CONFIGURE_STACK = SERVICE + "ConfigureStack"
NUM_THREADS = 64
POLL_S = 0.5


class PolicyProxy(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in its stubs only
    """One policy pack, seen from the engine."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._attached = threading.Event()
        self._stack: bytes | None = None
        self._channel: grpc.Channel | None = None
        self._failure = "the policy pack is not running"
        self._server = grpc.server(futures.ThreadPoolExecutor(NUM_THREADS), handlers=[self], options=CHANNEL_OPTIONS)
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def wait_for_stack(self, is_wanted: Callable[[], bool]) -> analyzer_pb2.AnalyzerStackConfigureRequest | None:
        """Block until the engine has told the stack, or has asked something without telling it (`policy publish`)."""
        while not self._wanted.wait(POLL_S):
            if not is_wanted():
                raise PolicyPackError("the engine left before the policy pack was started")
        return analyzer_pb2.AnalyzerStackConfigureRequest.FromString(self._stack) if self._stack is not None else None

    def attach(self, port: int) -> None:
        """Let the waiting calls through to the pack, which listens on `port`."""
        channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL_OPTIONS)
        if self._stack is not None:
            try:
                channel.unary_unary(CONFIGURE_STACK, None, None)(self._stack, wait_for_ready=True)
            except grpc.RpcError as e:
                if e.code() != grpc.StatusCode.UNIMPLEMENTED:  # a pack with an older SDK has no such call
                    self.reject(f"the policy pack refused its stack: {e.details()}")
                    return
        self._channel = channel
        self._attached.set()

    def reject(self, reason: str) -> None:
        """Fail the waiting calls, and all later ones."""
        self._failure = reason
        self._attached.set()

    def close(self) -> None:
        """Serve no more."""
        self.reject("the policy pack has ended")
        self._server.stop(grace=None)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        """Answer any method of any service (called by gRPC)."""
        method = handler_call_details.method
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self._answer(method, request, context))

    def _answer(self, method: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        if method == HANDSHAKE:
            return b""
        if method == CONFIGURE_STACK:
            self._stack = request
            self._wanted.set()
            return b""
        self._wanted.set()
        self._attached.wait()
        if self._channel is None:
            context.abort(grpc.StatusCode.UNAVAILABLE, self._failure)
        try:
            answer: bytes = self._channel.unary_unary(method, None, None)(request)
        except grpc.RpcError as e:
            context.abort(e.code(), e.details() or "")
        return answer


def relay(proxy: PolicyProxy, run: Generator[Chunk, None, int]) -> Generator[Chunk, None, int]:
    """Pass on what the pack writes, except the line with its port: to that one the proxy attaches."""
    head = b""
    attached = False
    try:
        while True:
            kind, data = next(run)
            if attached or kind is not Stream.STDOUT:
                yield kind, data
                continue
            *lines, head = (head + data).split(b"\n")
            for line in lines:
                if not attached and line.strip().isdigit():
                    proxy.attach(int(line))
                    attached = True
                else:
                    yield Stream.STDOUT, line + b"\n"
            if attached and head:
                yield Stream.STDOUT, head
    except StopIteration as end:
        status: int = end.value
    if not attached:
        proxy.reject(f"the policy pack ended with exit status {status} before it could answer")
    return status

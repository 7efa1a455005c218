"""The proxy between the engine and a policy pack."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from concurrent import futures

import grpc
import pytest

from tools.plugins.language_host.errors import PolicyPackError
from tools.plugins.language_host.policy_proxy import CONFIGURE_STACK, HANDSHAKE, SERVICE, PolicyProxy, relay
from tools.plugins.language_host.processes import Chunk, Stream
from tools.plugins.protocol import analyzer_pb2

STACK = analyzer_pb2.AnalyzerStackConfigureRequest(project="p", stack="s").SerializeToString()


class Pack(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in its stubs only
    """A policy pack that answers with what it was asked, and refuses to be configured if it is told to."""

    def __init__(self, configure: grpc.StatusCode | None = None) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self._configure = configure
        self._server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[self])
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        """Any method."""
        method = handler_call_details.method
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self._answer(method, request, context))

    def _answer(self, method: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        self.seen.append((method, request))
        if method == CONFIGURE_STACK and self._configure:
            context.abort(self._configure, "not like this")
        if method.endswith("Fail"):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a bad rule")
        return b"answer to " + request

    def close(self) -> None:
        """Serve no more."""
        self._server.stop(grace=None).wait()


@pytest.fixture
def proxy() -> Iterator[PolicyProxy]:
    """A proxy that is closed in the end."""
    one = PolicyProxy()
    yield one
    one.close()


def call(proxy: PolicyProxy, method: str, request: bytes = b"") -> bytes:
    """Ask the proxy as the engine does."""
    with grpc.insecure_channel(f"127.0.0.1:{proxy.port}") as channel:
        answer: bytes = channel.unary_unary(method, None, None)(request, timeout=10)
        return answer


def test_the_stack_is_known_before_the_pack_starts(proxy: PolicyProxy) -> None:
    """Handshake and ConfigureStack are answered without a pack; the pack then hears of its stack first."""
    assert call(proxy, HANDSHAKE) == b""
    assert call(proxy, CONFIGURE_STACK, STACK) == b""
    stack = proxy.wait_for_stack(lambda: True)
    assert stack is not None
    assert stack.stack == "s"
    pack = Pack()
    proxy.attach(pack.port)
    assert call(proxy, SERVICE + "Analyze", b"this") == b"answer to this"
    assert [method for method, _ in pack.seen] == [CONFIGURE_STACK, SERVICE + "Analyze"]
    pack.close()


def test_a_question_before_the_stack_starts_the_pack_without_one(proxy: PolicyProxy) -> None:
    """The question waits until the pack is there."""
    answers: list[bytes] = []
    asking = threading.Thread(target=lambda: answers.append(call(proxy, SERVICE + "GetAnalyzerInfo", b"?")))
    asking.start()
    assert proxy.wait_for_stack(lambda: True) is None
    pack = Pack()
    proxy.attach(pack.port)
    asking.join(10)
    assert answers == [b"answer to ?"]
    pack.close()


def test_an_older_pack_that_can_not_be_configured_still_works(proxy: PolicyProxy) -> None:
    """It has its stack from the environment."""
    call(proxy, CONFIGURE_STACK, STACK)
    pack = Pack(grpc.StatusCode.UNIMPLEMENTED)
    proxy.attach(pack.port)
    assert call(proxy, SERVICE + "Analyze", b"this") == b"answer to this"
    pack.close()


def test_a_pack_that_refuses_its_stack_fails_every_question(proxy: PolicyProxy) -> None:
    """With the pack's own words."""
    call(proxy, CONFIGURE_STACK, STACK)
    pack = Pack(grpc.StatusCode.INVALID_ARGUMENT)
    proxy.attach(pack.port)
    with pytest.raises(grpc.RpcError, match="refused its stack: not like this"):
        call(proxy, SERVICE + "Analyze")
    pack.close()


def test_errors_of_the_pack_come_through(proxy: PolicyProxy) -> None:
    """Code and text."""
    pack = Pack()
    proxy.attach(pack.port)
    with pytest.raises(grpc.RpcError, match="a bad rule") as error:
        call(proxy, SERVICE + "Fail")
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    pack.close()


def test_waiting_ends_when_the_engine_leaves(proxy: PolicyProxy) -> None:
    """No pack is started for nobody."""
    with pytest.raises(PolicyPackError):
        proxy.wait_for_stack(lambda: False)


class RecordingProxy(PolicyProxy):
    """Keeps what it is told about the pack."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[object] = []

    def attach(self, port: int) -> None:
        """Keep the port."""
        self.told.append(port)

    def reject(self, reason: str) -> None:
        """Keep the reason."""
        self.told.append(reason)


def output(*chunks: Chunk, status: int = 0) -> Generator[Chunk, None, int]:
    """What a pack writes, and how it ends."""
    yield from chunks
    return status


def relayed(*chunks: Chunk, status: int = 0) -> tuple[list[Chunk], list[object]]:
    """What comes out of the relay, and what the proxy was told."""
    proxy = RecordingProxy()
    passed = list(relay(proxy, output(*chunks, status=status)))
    told = list(proxy.told)
    proxy.close()
    return passed, told


def test_the_line_with_the_port_is_taken_and_all_else_passes() -> None:
    """Wherever the line is cut, and whatever is printed before it."""
    passed, told = relayed(
        (Stream.STDERR, b"careful\n"),
        (Stream.STDOUT, b"a print\n12"),
        (Stream.STDOUT, b"34\nmore"),
        (Stream.STDOUT, b" text\n5678\n"),
    )
    assert told == [1234]
    assert b"".join(data for kind, data in passed if kind is Stream.STDOUT) == b"a print\nmore text\n5678\n"
    assert passed[0] == (Stream.STDERR, b"careful\n")


def test_a_pack_that_ends_without_a_port_is_a_failure() -> None:
    """Waiting questions are answered with it."""
    assert relayed((Stream.STDERR, b"Traceback\n"), status=1)[1] == [
        "the policy pack ended with exit status 1 before it could answer"
    ]

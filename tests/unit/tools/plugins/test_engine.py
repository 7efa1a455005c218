"""What a plugin says to the engine, and how it notices that the engine is gone."""

import threading
from collections.abc import Iterator
from concurrent import futures

import grpc
import pytest
from google.protobuf import empty_pb2

from tools.plugins.engine import Engine, Life, Severity, wait_until_gone
from tools.plugins.protocol import engine_pb2, engine_pb2_grpc


class RecordingEngine(engine_pb2_grpc.EngineServicer):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.logged: list[engine_pb2.LogRequest] = []

    def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Keep a line."""
        self.logged.append(request)
        return empty_pb2.Empty()


@pytest.fixture
def served() -> Iterator[tuple[RecordingEngine, str]]:
    """An engine on a port."""
    recording = RecordingEngine()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    engine_pb2_grpc.add_EngineServicer_to_server(recording, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield recording, f"127.0.0.1:{port}"
    server.stop(grace=None).wait()


def test_messages_stay_and_statuses_pass(served: tuple[RecordingEngine, str]) -> None:
    """Severity, resource and text come through."""
    recording, address = served
    engine = Engine(address)
    engine.log(Severity.WARNING, "careful", "urn:one")
    engine.status(Severity.INFO, "waiting", "urn:one")
    first, second = recording.logged
    assert (first.message, first.urn, first.ephemeral, first.severity) == (
        "careful", "urn:one", False, engine_pb2.WARNING,
    )  # fmt: skip
    assert (second.message, second.ephemeral) == ("waiting", True)


def test_a_message_to_a_dead_engine_is_dropped() -> None:
    """The operation that logs must not fail for it."""
    Engine("127.0.0.1:1").log(Severity.ERROR, "is anyone there?")


def test_a_closed_port_means_gone_and_a_missing_health_service_does_not(served: tuple[RecordingEngine, str]) -> None:
    """Only a closed port is a reason to leave."""
    assert Engine("127.0.0.1:1").look() is Life.GONE
    assert Engine(served[1]).look() is Life.UNKNOWN


class Looking:
    """Answers as it is told, and then that it is gone."""

    def __init__(self, *answers: Life) -> None:
        self.answers = list(answers)

    def look(self) -> Life:
        """The next answer."""
        return self.answers.pop(0) if self.answers else Life.GONE


def test_waiting_ends_only_after_two_misses_in_a_row() -> None:
    """One refused connection may be bad luck."""
    engine = Looking(Life.ALIVE, Life.GONE, Life.UNKNOWN, Life.GONE, Life.ALIVE)
    wait_until_gone(engine, threading.Event(), interval_s=0)
    assert engine.answers == []


def test_waiting_ends_when_it_is_told_to() -> None:
    """A signal ends the plugin while the engine lives."""
    stop = threading.Event()
    stop.set()
    engine = Looking(*[Life.ALIVE] * 5)
    wait_until_gone(engine, stop, interval_s=60)
    assert len(engine.answers) == 5

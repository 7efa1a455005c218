"""Answers the engine: `pulumirpc.LanguageRuntime`, the calls that CLI 3.250 makes.

Code generation, packing and linking are for authors of packages; they stay unimplemented. Errors that the user can
act on come back as one message; a program that has shown its own error (exit status 32) makes the engine bail
without another.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import grpc
from google.protobuf import empty_pb2, json_format

from tools.plugins.language_host import commands, interpreter, options, policy_proxy
from tools.plugins.language_host.errors import CommandError, HostError, OptionError
from tools.plugins.language_host.interpreter import Interpreter
from tools.plugins.language_host.policy_proxy import PolicyProxy
from tools.plugins.language_host.processes import Children, Chunk, Stream
from tools.plugins.protocol import language_pb2, language_pb2_grpc, plugin_pb2
from tools.plugins.rpc import readable_errors, readable_stream_errors
from tools.plugins.versions import version_of

EXIT_ERROR_SHOWN = 32
ANALYZER = "analyzer"

_readable = readable_errors(HostError, grpc.StatusCode.FAILED_PRECONDITION)
_readable_stream = readable_stream_errors(HostError, grpc.StatusCode.FAILED_PRECONDITION)


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The Python language runtime of one engine."""

    def __init__(self, *, engine_address: str, executor: str, tracing: str, environ: Mapping[str, str]) -> None:
        self._engine_address = engine_address
        self._executor = executor
        self._tracing = tracing
        self._environ = environ
        self._children = Children()

    def stop(self) -> None:
        """End everything that runs."""
        self._children.stop()

    # -- who this is ------------------------------------------------------------------------------

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, _context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        """Learn where the engine is; newer engines say it here instead of on the command line."""
        self._engine_address = request.engine_address or self._engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, _request: empty_pb2.Empty, _context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """The host has the version of the SDK that it serves."""
        return plugin_pb2.PluginInfo(version=version_of("pulumi"))

    @_readable
    def About(self, request: language_pb2.AboutRequest, _context: grpc.ServicerContext) -> language_pb2.AboutResponse:
        """For `pulumi about`."""
        python = self._interpreter(request.info).check()
        version = self._children.capture(commands.Command((str(python.python), "--version"), python.env))
        return language_pb2.AboutResponse(
            executable=str(python.python),
            version=version.strip().removeprefix("Python "),
            metadata={"toolchain": "Pip", "typechecker": self._options(request.info).typechecker or "None"},
        )

    # -- what the program needs -------------------------------------------------------------------

    def GetRequiredPackages(
        self, _request: language_pb2.GetRequiredPackagesRequest, _context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """None: the engine would download, with retries, each plugin named here that is missing, used or not.

        It finds a plugin without this when the program registers its first resource.
        """
        return language_pb2.GetRequiredPackagesResponse()

    @_readable
    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, _context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        """For `pulumi about`: what is installed."""
        python = self._interpreter(request.info).check()
        directory = Path(request.info.program_directory)
        listing = commands.list_packages(python, directory, transitive=request.transitiveDependencies)
        found = json.loads(self._children.capture(listing))
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=one["name"], version=one["version"]) for one in found]
        )

    @_readable_stream
    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        """For `pulumi install`: create the virtual environment, install requirements.txt."""
        python = self._interpreter(request.info, is_plugin=request.is_plugin)
        directory = Path(request.info.program_directory)
        steps = []
        if python.virtualenv and not os.access(python.python, os.X_OK):
            steps.append(commands.create_virtualenv(python, interpreter.on_path(self._environ)))
        if (directory / "requirements.txt").exists():
            steps.append(commands.install_requirements(python, directory))
        yield language_pb2.InstallDependenciesResponse(stdout=b"Installing dependencies...\n\n")
        for step in steps:
            status = yield from _relay(self._children.stream(step, context.add_callback), _install_response)
            if status:
                raise CommandError(step.argv, status)
        yield language_pb2.InstallDependenciesResponse(stdout=b"Finished installing dependencies\n\n")

    def RuntimeOptionsPrompts(
        self, _request: language_pb2.RuntimeOptionsRequest, _context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        """For `pulumi new`: nothing to ask."""
        return language_pb2.RuntimeOptionsResponse()

    def Template(
        self, _request: language_pb2.TemplateRequest, _context: grpc.ServicerContext
    ) -> language_pb2.TemplateResponse:
        """For `pulumi new`: a template with a requirements.txt needs no change."""
        return language_pb2.TemplateResponse()

    # -- what runs --------------------------------------------------------------------------------

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:
        """Run the program of one operation to its end."""
        try:
            if request.attach_debugger:
                raise OptionError("--attach-debugger", "on", "debug the program's own tests instead")
            python = self._interpreter(request.info).check()
            self._typecheck(python, request, context)
            command = commands.program(python, self._executor, self._engine_address, self._tracing, request)
        except HostError as e:
            return language_pb2.RunResponse(error=str(e))
        status = self._children.run(command, context.add_callback)
        if status == EXIT_ERROR_SHOWN:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=_why(status))

    @_readable_stream
    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Run a plugin that is written in Python; it ends when the engine cancels the call."""
        is_analyzer = request.kind == ANALYZER
        python = self._interpreter(request.info, is_plugin=not is_analyzer).check()
        if is_analyzer:
            run = self._run_policy_pack(python, request, context)
        else:
            run = self._children.stream(commands.plugin(python, request), context.add_callback)
        status = yield from _relay(run, _plugin_response)
        yield language_pb2.RunPluginResponse(exitcode=status)

    def Cancel(self, _request: empty_pb2.Empty, _context: grpc.ServicerContext) -> empty_pb2.Empty:
        """The user wants it to end now."""
        self.stop()
        return empty_pb2.Empty()

    # -- helpers ----------------------------------------------------------------------------------

    def _options(self, info: language_pb2.ProgramInfo) -> options.Options:
        return options.parse(json_format.MessageToDict(info.options) if info.HasField("options") else {})

    def _interpreter(self, info: language_pb2.ProgramInfo, *, is_plugin: bool = False) -> Interpreter:
        return interpreter.find(self._options(info), Path(info.root_directory), self._environ, is_plugin=is_plugin)

    def _typecheck(self, python: Interpreter, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> None:
        typechecker = self._options(request.info).typechecker
        if typechecker:
            command = commands.typecheck(python, typechecker, request.info.program_directory)
            status = self._children.run(command, context.add_callback)
            if status:
                raise CommandError(command.argv, status)

    def _run_policy_pack(
        self, python: Interpreter, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Generator[Chunk, None, int]:
        proxy = PolicyProxy()
        try:
            yield Stream.STDOUT, f"{proxy.port}\n".encode()
            stack = proxy.wait_for_stack(context.is_active)
            run = self._children.stream(commands.policy_pack(python, request, stack), context.add_callback)
            return (yield from policy_proxy.relay(proxy, run))
        finally:
            proxy.close()


Response = TypeVar("Response")


def _relay(
    run: Generator[Chunk, None, int], respond: Callable[[Stream, bytes], Response]
) -> Generator[Response, None, int]:
    """What a child writes, as the responses of a call; returns its exit status."""
    while True:
        try:
            stream, data = next(run)
        except StopIteration as end:
            status: int = end.value
            return status
        yield respond(stream, data)


def _install_response(stream: Stream, data: bytes) -> language_pb2.InstallDependenciesResponse:
    if stream is Stream.STDOUT:
        return language_pb2.InstallDependenciesResponse(stdout=data)
    return language_pb2.InstallDependenciesResponse(stderr=data)


def _plugin_response(stream: Stream, data: bytes) -> language_pb2.RunPluginResponse:
    if stream is Stream.STDOUT:
        return language_pb2.RunPluginResponse(stdout=data)
    return language_pb2.RunPluginResponse(stderr=data)


def _why(status: int) -> str:
    """The error that the engine shows for an exit status; empty for success."""
    if status == 0:
        return ""
    return (
        f"program exited with non-zero exit code: {status}" if status > 0 else f"program was ended by signal {-status}"
    )

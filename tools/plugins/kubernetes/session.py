"""What all operations of one configured provider share: settings, the way to the cluster, the voice, the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from tools.plugins.engine import Log, Severity
from tools.plugins.kubernetes.connection import Connection
from tools.plugins.kubernetes.errors import UnreachableError
from tools.plugins.kubernetes.operations import Operation
from tools.plugins.kubernetes.reporter import Reporter
from tools.plugins.kubernetes.scopes import Scopes
from tools.plugins.kubernetes.settings import Settings
from tools.plugins.kubernetes.values import Object
from tools.plugins.kubernetes.wait import Clock

BLIND = "No Kubernetes cluster answers: this shows what the program asks for, and no API server has checked it. {error}"


class Session:
    """One configured provider."""

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        log: Log,
        clock: Clock,
        connection: Connection | None = None,
    ) -> None:
        self.settings = settings
        self.connection = connection or Connection(settings, environ)
        self.scopes = Scopes(lambda kind: self.connection.cluster().is_namespaced(kind))
        self._log = log
        self._clock = clock
        self._has_warned = threading.Event()

    def reporter(self, urn: str) -> Reporter:
        """The voice of one operation."""
        return Reporter(self._log, urn)

    def operation(self, urn: str) -> Operation:
        """One operation on the cluster; raises UnreachableError."""
        reporter = self.reporter(urn)

        def warn(text: str) -> None:
            if not (self.settings.are_deprecations_hidden and "deprecated" in text):
                reporter.warn(text)

        return Operation(self.connection.cluster().reporting_to(warn), self.settings, reporter, self._clock)

    def preview_operation(self, urn: str) -> Operation:
        """The same in a preview: when it is without a cluster, says so once."""
        try:
            return self.operation(urn)
        except UnreachableError as e:
            if not self._has_warned.is_set():
                self._has_warned.set()
                self._log.log(Severity.WARNING, BLIND.format(error=e))
            raise

    def preview(self, urn: str, ask: Callable[[Operation], Object | None]) -> Object | None:
        """What the cluster makes of it; None when there is none, or when it can't say yet."""
        try:
            return ask(self.preview_operation(urn))
        except UnreachableError:
            return None

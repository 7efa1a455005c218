"""Create, update, read and delete one object, for real or as a dry run. Plain objects in, plain objects out.

Knows nothing of gRPC, states or secrets. In a preview, an object that the API server can't judge yet (its namespace,
its kind or a name is still to come) is `None`: the caller falls back to the inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import stamina

from tools.plugins.kubernetes import ownership, wait
from tools.plugins.kubernetes.annotations import deletion_propagation
from tools.plugins.kubernetes.cluster import Cluster, Ref, ref_of
from tools.plugins.kubernetes.errors import ApiError, NoSuchKindError
from tools.plugins.kubernetes.objects import child, id_of, is_crd, items, kind_of
from tools.plugins.kubernetes.paths import Path
from tools.plugins.kubernetes.readiness.verdict import Verdict
from tools.plugins.kubernetes.reporter import Reporter
from tools.plugins.kubernetes.settings import Settings
from tools.plugins.kubernetes.values import Object

NUM_CREATE_ATTEMPTS: Final = 6
"""A namespace or a kind may be on its way: 1, 2, 4, 8 and 16 seconds apart."""
NUM_CONFLICT_ATTEMPTS: Final = 5

ALREADY_THERE: Final = """{error}

The object is in the cluster already. This can happen when:
  - a resource was renamed: give it an alias, or deleteBeforeReplace if it must be replaced
  - the object was made by someone else: adopt it with `pulumi import`
  - it is to be taken over on purpose: set upsertExistingObjects on the provider"""

CONFLICT: Final = """{error}

Another manager owns these fields, and this update (as {manager}) would change them. Leave them to it: drop them from
the program, or list them in ignoreChanges. Or take them over: set the annotation pulumi.com/patchForce to "true"."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on one resource."""

    cluster: Cluster
    settings: Settings
    reporter: Reporter
    clock: wait.Clock

    # -- for real ---------------------------------------------------------------------------------

    def create(self, inputs: Object, *, manager: str, custom_timeout_s: float) -> Object:
        """Create it and wait; what has been waited for in vain is in the NotReadyError."""
        live = self._create_when_possible(inputs, manager)
        return wait.until_ready(
            self.cluster,
            inputs,
            live,
            before=None,
            custom_timeout_s=custom_timeout_s,
            clock=self.clock,
            reporter=self.reporter,
        )

    def update(self, inputs: Object, *, manager: str, ignored: Sequence[Path], custom_timeout_s: float) -> Object:
        """Update it and wait."""
        before, live = self._update(inputs, manager, ignored, dry_run=False)
        return wait.until_ready(
            self.cluster,
            inputs,
            live,
            before=before,
            custom_timeout_s=custom_timeout_s,
            clock=self.clock,
            reporter=self.reporter,
        )

    def delete(self, ref: Ref, inputs: Object, *, custom_timeout_s: float) -> None:
        """Delete it and wait until it is gone; one that is not there is deleted already."""
        try:
            live = self.cluster.get(ref)
            self.cluster.delete(ref, propagation=deletion_propagation(inputs))
        except NoSuchKindError:
            return
        except ApiError as e:
            if e.is_not_found:
                return
            raise
        wait.until_gone(
            self.cluster,
            inputs,
            live,
            custom_timeout_s=custom_timeout_s,
            clock=self.clock,
            reporter=self.reporter,
        )

    def read(self, ref: Ref) -> Object | None:
        """The object as it is; None when it, or its kind, is gone."""
        try:
            return self.cluster.get(ref)
        except NoSuchKindError:
            return None
        except ApiError as e:
            if e.is_not_found:
                return None
            raise

    def readiness(self, inputs: Object, live: Object) -> Verdict:
        """Whether it is ready now, without waiting."""
        return wait.look_once(self.cluster, inputs, live)

    # -- as a dry run -----------------------------------------------------------------------------

    def preview_create(self, inputs: Object, *, manager: str) -> Object | None:
        """What a create would give."""
        try:
            return self._create(inputs, manager, dry_run=True)
        except NoSuchKindError:
            return None
        except ApiError as e:
            if e.is_forbidden or e.is_namespace_missing or e.is_existing or e.is_dry_run_refused:
                return None
            raise

    def preview_update(self, inputs: Object, *, manager: str, ignored: Sequence[Path]) -> Object | None:
        """What an update would give."""
        try:
            return self._update(inputs, manager, ignored, dry_run=True)[1]
        except NoSuchKindError:
            return None
        except ApiError as e:
            if e.is_forbidden or e.is_dry_run_refused:
                return None
            raise

    def settle_by(self, inputs: Object, *, manager: str) -> Object | None:
        """The object as an update would leave it, to compare by; None when the server can't or won't say."""
        try:
            return self.cluster.apply(inputs, manager=manager, force=True, dry_run=True)
        except (ApiError, NoSuchKindError):
            return None  # the preview of the update itself will say what is wrong

    # -- steps ------------------------------------------------------------------------------------

    def _create_when_possible(self, inputs: Object, manager: str) -> Object:
        attempts = stamina.retry_context(
            on=lambda e: _may_come_later(e) and not self.clock.cancelled.is_set(),
            attempts=NUM_CREATE_ATTEMPTS,
            timeout=None,
            wait_initial=1.0,
            wait_max=16.0,
            wait_jitter=0,
        )
        for attempt in attempts:
            with attempt:
                if attempt.num > 1:
                    self.reporter.progress(f"Waiting for its namespace or kind (attempt {attempt.num})")
                return self._create(inputs, manager, dry_run=False)
        raise AssertionError("retry_context ends by returning or raising")

    def _create(self, inputs: Object, manager: str, *, dry_run: bool) -> Object:
        if self.settings.is_existing_taken_over:
            return self._apply(inputs, None, manager, dry_run=dry_run)
        try:
            return self.cluster.create(inputs, dry_run=dry_run)
        except ApiError as e:
            if e.is_existing and not dry_run:
                raise e.explained(ALREADY_THERE.format(error=e)) from e
            raise

    def _update(self, inputs: Object, manager: str, ignored: Sequence[Path], *, dry_run: bool) -> tuple[Object, Object]:
        """The object before and after; anew when someone else changes it in between."""
        attempts = stamina.retry_context(
            on=_is_overtaken, attempts=NUM_CONFLICT_ATTEMPTS, timeout=None, wait_initial=0.1, wait_max=2.0
        )
        for attempt in attempts:
            with attempt:
                before = self._existing(inputs)
                if is_crd(inputs):  # no merge: what the program drops must go
                    version = child(before, "metadata", "resourceVersion") or ""
                    live = self.cluster.replace(inputs, resource_version=version, manager=manager, dry_run=dry_run)
                    return before, live
                takeover = ownership.take_over(before, manager)
                if takeover and not dry_run:
                    before = self.cluster.patch(ref_of(inputs), takeover)
                wanted = ownership.honour_ignored(inputs, before, ignored, manager)
                return before, self._apply(wanted, before, manager, dry_run=dry_run)
        raise AssertionError("retry_context ends by returning or raising")

    def _existing(self, inputs: Object) -> Object:
        try:
            return self.cluster.get(ref_of(inputs))
        except ApiError as e:
            if not e.is_not_found:
                raise
            text = f"{kind_of(inputs)} {id_of(inputs)} is not in the cluster any more; run `pulumi refresh`"
            raise e.explained(text) from e

    def _apply(self, inputs: Object, before: Object | None, manager: str, *, dry_run: bool) -> Object:
        force = ownership.is_forced(inputs, before, always=self.settings.is_patch_forced, dry_run=dry_run)
        try:
            return self.cluster.apply(inputs, manager=manager, force=force, dry_run=dry_run)
        except ApiError as e:
            if _is_owned_by_others(e):
                raise e.explained(CONFLICT.format(error=e, manager=manager)) from e
            raise


def _may_come_later(error: Exception) -> bool:
    return isinstance(error, NoSuchKindError) or (isinstance(error, ApiError) and error.is_not_found)


def _is_owned_by_others(error: ApiError) -> bool:
    return error.is_conflict and any(
        cause.get("reason") == "FieldManagerConflict" for cause in items(error.details, "causes")
    )


def _is_overtaken(error: Exception) -> bool:
    return isinstance(error, ApiError) and error.is_conflict and not _is_owned_by_others(error)

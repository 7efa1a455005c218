"""What an update would do: changes, replacements, and the order of a replacement."""

from __future__ import annotations

import copy
from typing import Any

from tools.plugins.kubernetes.annotations import AUTONAMED
from tools.plugins.kubernetes.comparison import Compared, Difference, difference
from tools.plugins.kubernetes.errors import UnreachableError
from tools.plugins.kubernetes.paths import parse, render
from tools.plugins.kubernetes.settings import Settings
from tools.plugins.kubernetes.values import UNKNOWN, Object

INPUTS: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"namespace": "n", "name": "web"},
    "spec": {"replicas": 1, "resources": {"cpu": "1000m"}},
}
LIVE: Object = {
    **INPUTS,
    "metadata": {**INPUTS["metadata"], "uid": "1"},
    "spec": {"replicas": 1, "resources": {"cpu": "1"}, "strategy": "default"},
    "status": {"replicas": 1},
}


class Server:
    """Gives dry runs as a server would: quantities in its own spelling."""

    def __init__(self, *, answers: bool = True, is_there: bool = True) -> None:
        self.asked: list[Object] = []
        self._answers = answers
        self._is_there = is_there

    def dry_run(self, wanted: Object) -> Object | None:
        """What an update would give."""
        self.asked.append(wanted)
        if not self._is_there:
            raise UnreachableError("gone")
        if not self._answers:
            return None
        outcome = copy.deepcopy(wanted)
        if outcome["spec"].get("resources", {}).get("cpu") == "1000m":
            outcome["spec"]["resources"]["cpu"] = "1"
        return outcome


def diff(inputs: Object, server: Server, *, live: Object = LIVE, old: Object = INPUTS, **options: Any) -> Difference:
    """With the usual settings."""
    return difference(
        Compared(old_inputs=old, live=live, inputs=inputs),
        ignored=[parse(text) for text in options.get("ignored", ())],
        settings=Settings(),
        is_namespaced=options.get("is_namespaced", True),
        dry_run=server.dry_run,
    )


def changed(**spec: Any) -> Object:
    """The inputs with another spec."""
    return {**INPUTS, "spec": {**INPUTS["spec"], **spec}}


def paths(found: Difference) -> list[str]:
    """Where it differs."""
    return [render(change.path) for change in found.changes]


def test_a_value_that_the_server_spells_differently_is_no_change() -> None:
    """The server is asked, once."""
    server = Server()
    assert paths(diff(INPUTS, server)) == []
    assert len(server.asked) == 1


def test_equal_objects_ask_nobody() -> None:
    """Most objects of most previews."""
    server = Server()
    live = {**LIVE, "spec": INPUTS["spec"]}
    assert paths(diff(INPUTS, server, live=live)) == []
    assert server.asked == []


def test_only_the_changed_field_is_a_change() -> None:
    """Beside one that is only spelled differently."""
    assert paths(diff(changed(replicas=2), Server())) == ["spec.replicas"]


def test_drift_that_a_refresh_has_found_is_a_change() -> None:
    """The state has the live object; the server says what the update would give."""
    live = {**LIVE, "spec": {**LIVE["spec"], "replicas": 5}}
    assert paths(diff(INPUTS, Server(), live=live)) == ["spec.replicas"]


def test_without_a_server_the_inputs_are_compared() -> None:
    """The same when a value is not known yet: no server could say."""
    server = Server(is_there=False)
    assert paths(diff(changed(replicas=2), server)) == ["spec.replicas"]
    assert paths(diff(changed(replicas=UNKNOWN), Server())) == ["spec.replicas"]


def test_a_server_that_will_not_say_leaves_every_change_standing() -> None:
    """Better one too many than one too few."""
    assert paths(diff(INPUTS, Server(answers=False))) == ["spec.resources.cpu"]


def test_ignored_fields_are_no_change() -> None:
    """Even with drift."""
    live = {**LIVE, "spec": {**LIVE["spec"], "replicas": 5}}
    assert paths(diff(INPUTS, Server(), live=live, ignored=["spec.replicas"])) == []


def test_another_name_replaces_without_asking_the_server() -> None:
    """It would answer for an object that is not there. Both can exist, so the new one comes first."""
    server = Server()
    renamed = {**INPUTS, "metadata": {"namespace": "n", "name": "new"}}
    found = diff(renamed, server)
    assert [render(change.path) for change in found.replacing] == ["metadata.name"]
    assert not found.has_same_name
    assert server.asked == []


def test_a_replacement_under_the_same_name_deletes_first() -> None:
    """Unless the name was made up: then the new one gets another."""
    old = {**INPUTS, "spec": {"selector": {"a": "1"}}}
    new = {**INPUTS, "spec": {"selector": {"a": "2"}}}
    found = diff(new, Server(), live={**old, "status": {}}, old=old)
    assert [render(change.path) for change in found.replacing] == ["spec.selector.a"]
    assert found.has_same_name
    marked = {**new["metadata"], "annotations": {AUTONAMED: "true"}}
    found = diff({**new, "metadata": marked}, Server(), live={**old, "status": {}}, old=old)
    assert not found.has_same_name


def test_no_namespace_is_the_default_one_and_none_for_kinds_without() -> None:
    """An erroneous one on a cluster-wide object is no difference."""
    bare = {**INPUTS, "metadata": {"name": "web"}}
    live = {**LIVE, "metadata": {"namespace": "default", "name": "web"}, "spec": INPUTS["spec"]}
    assert paths(diff(bare, Server(), live=live, old=bare)) == []
    assert paths(diff(INPUTS, Server(), live={**LIVE, "spec": INPUTS["spec"]}, is_namespaced=False)) == []


def test_a_name_that_is_not_known_yet_replaces() -> None:
    """It may be another one."""
    unknown = {**INPUTS, "metadata": {"namespace": "n", "name": UNKNOWN}}
    assert [render(change.path) for change in diff(unknown, Server()).replacing] == ["metadata.name"]

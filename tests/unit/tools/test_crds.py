"""CustomResourceDefinitions out of Go modules: what is kept of them, and when."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tools import support
from tools.errors import ToolError
from tools.toolchain import crds, go_module

FILE = """
# generated
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com, creationTimestamp: null, annotations: {a: b}}
spec:
  group: example.com
  versions:
  - name: v1
    schema:
      openAPIV3Schema:
        description: for readers
        properties:
          description: {description: for readers, type: string, default: {description: kept}}
        x-kubernetes-validations: [{rule: 'has(self.description)'}]
status: {conditions: []}
"""


def test_a_definition_is_kept_without_what_is_for_readers_only() -> None:
    """A property that is called `description` is no description, nor is one in a default."""
    [crd] = crds.parse(FILE, "a module")
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert schema == {
        "properties": {"description": {"type": "string", "default": {"description": "kept"}}},
        "x-kubernetes-validations": [{"rule": "has(self.description)"}],
    }
    assert crd["metadata"] == {"name": "things.example.com", "annotations": {"a": "b"}}
    assert "status" not in crd


def test_another_kind_in_such_a_file_is_an_error() -> None:
    """The module has changed: better no cluster than one that judges by less."""
    with pytest.raises(ToolError, match="a module: a ConfigMap"):
        list(crds.parse("kind: ConfigMap", "a module"))


LEAVES = st.fixed_dictionaries({"type": st.sampled_from(["string", "integer"])}, optional={"description": st.text()})
NAMES = st.sampled_from(["description", "a", "b"])
SCHEMAS = st.recursive(
    LEAVES,
    lambda below: st.fixed_dictionaries(
        {"properties": st.dictionaries(NAMES, below)},
        optional={"description": st.text(), "items": below, "allOf": st.lists(below, max_size=2)},
    ),
    max_leaves=10,
)


def shape(schema: Any) -> Any:
    """What validates: all but the texts; an independent reading of the same grammar."""
    kept = {key: value for key, value in schema.items() if not isinstance(value, str) or key == "type"}
    if "properties" in kept:
        kept["properties"] = {name: shape(each) for name, each in kept["properties"].items()}
    if "items" in kept:
        kept["items"] = shape(kept["items"])
    if "allOf" in kept:
        kept["allOf"] = [shape(each) for each in kept["allOf"]]
    return kept


@given(SCHEMAS)
def test_nothing_that_validates_is_lost(schema: dict[str, Any]) -> None:
    """Whatever is nested in whatever, and doing it twice is doing it once."""
    assert crds.plain(schema) == shape(schema)
    assert crds.plain(crds.plain(schema)) == crds.plain(schema)


def tell_nobody(_how_far: str) -> None:
    """No terminal here."""


def test_they_are_read_once_and_found_from_then_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted download leaves nothing that looks finished."""
    settings = support.settings(tmp_path)
    asked: list[str] = []
    is_broken = True

    def answer(module: go_module.GoModule, names: list[str], go: Path) -> list[str]:
        if is_broken and asked:
            raise ToolError("interrupted")
        asked.append(module.path)
        return [FILE.replace("things", Path(name).stem) for name in names]

    monkeypatch.setattr(go_module, "file_texts", answer)
    monkeypatch.setattr(crds, "ensure_go", lambda _: Path("go"))
    with pytest.raises(ToolError, match="interrupted"):
        crds.ensure(settings, tell_nobody)
    assert not crds.is_done(settings)
    is_broken = False
    asked.clear()
    entries = yaml.safe_load(crds.DATA.read_text())
    found = crds.ensure(settings, tell_nobody)
    assert len(found) == sum(len(entry["files"]) for entry in entries)
    assert crds.ensure(settings, tell_nobody) == found
    assert asked == [entry["module"] for entry in entries]


def test_several_files_of_a_module_are_read_at_once(tmp_path: Path) -> None:
    """In the order in which they were asked for."""
    with zipfile.ZipFile(tmp_path / "module.zip", "w") as archive:
        for name in "ab":
            archive.writestr(f"example.com/module@v1.2.3/{name}", name)
    go = tmp_path / "go"
    go.write_text(f"#!/bin/sh\necho '{json.dumps({'Zip': str(tmp_path / 'module.zip'), 'Sum': 'h1:good='})}'\n")
    go.chmod(0o755)
    module = go_module.GoModule("example.com/module", "v1.2.3", "h1:good=")
    assert go_module.file_texts(module, ["b", "a"], go) == ["b", "a"]

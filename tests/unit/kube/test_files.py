"""Files, folders and standard input: what is wrong with any of them is told at once."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import Any

import pytest

from kube import files
from kube.errors import SourceError

POD = b"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, content: bytes = POD) -> None:
    """A file in the current folder."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def origins(*names: str, stdin: bytes = b"") -> list[str]:
    """Where the objects are from."""
    return [each.origin for each in files.read(names, io.BytesIO(stdin)).objects]


def refused(*names: str, stdin: bytes = b"") -> list[str]:
    """What is said."""
    with pytest.raises(SourceError) as caught:
        origins(*names, stdin=stdin)
    return str(caught.value).splitlines()


def test_files_are_read_in_their_order_each_once() -> None:
    """Whatever they are called."""
    write("b.txt")
    write("a.yaml")
    assert origins("b.txt", "a.yaml", "b.txt") == ["b.txt:1", "a.yaml:1"]


def test_a_dash_is_standard_input() -> None:
    """Among files."""
    write("a.yaml")
    assert origins("-", "a.yaml", stdin=POD) == ["stdin:1", "a.yaml:1"]


def test_of_a_folder_all_manifests_are_read() -> None:
    """At any depth, in order; not what is hidden, and not what has another ending."""
    for name in ("d/b.yml", "d/a.YAML", "d/c/a.json", "d/.git/a.yaml", "d/.a.yaml", "d/a.txt"):
        write(name, POD if "json" not in name else b'{"apiVersion": "v1", "kind": "Pod"}')
    assert origins("d") == ["d/a.YAML:1", "d/b.yml:1", "d/c/a.json:1"]


def test_a_folder_that_is_hidden_itself_is_read_when_it_is_named() -> None:
    """Only what is hidden below it is left out."""
    write(".d/a.yaml")
    assert origins(".d") == [".d/a.yaml:1"]


def test_a_file_that_two_names_mean_is_read_once() -> None:
    """Its objects would stand twice in the stack."""
    write("d/a.yaml")
    write("d/b.yaml")
    Path("link.yaml").symlink_to("d/b.yaml")
    assert origins("d/b.yaml", "d", "./d/a.yaml", "link.yaml") == ["d/b.yaml:1", "d/a.yaml:1"]


def test_a_part_of_a_folder_that_can_not_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its objects would be missing in silence. Whoever is root may read all, so the system is made to refuse."""
    write("d/a.yaml")
    write("d/closed/b.yaml")
    scan = os.scandir

    def refuse(path: str) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert refused("d") == ["d/closed: can't be read: Permission denied"]
    assert refused("d/closed") == ["d/closed: can't be read: Permission denied"]


def test_a_file_that_may_not_be_looked_at_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Named itself, or below a folder that may be listed but not entered."""
    write("d/a.yaml")

    def refuse(path: object, *_more: object, **_words: object) -> Any:
        if str(path).endswith("a.yaml"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return look(path)  # type: ignore[arg-type]

    look, opened = os.stat, Path.open
    monkeypatch.setattr(os, "stat", refuse)
    monkeypatch.setattr(Path, "open", lambda path, *words: refuse(path) and opened(path, *words))
    assert refused("d") == refused("d/a.yaml") == ["d/a.yaml: can't be read: Permission denied"]


def test_a_link_that_leads_nowhere_is_told_and_a_pipe_is_left_out() -> None:
    """The one was to be read, the other would never end."""
    write("d/a.yaml")
    os.mkfifo("d/pipe.yaml")
    assert origins("d") == ["d/a.yaml:1"]
    Path("d/gone.yaml").symlink_to("none")
    assert refused("d") == ["d/gone.yaml: can't be read: No such file or directory"]


def test_a_byte_order_mark_is_no_content() -> None:
    """Editors on Windows write one."""
    write("a.yaml", b"\xef\xbb\xbf" + POD.replace(b"\n", b"\r\n"))
    assert origins("a.yaml") == ["a.yaml:1"]


def test_all_that_is_wrong_is_told_together() -> None:
    """One line for each file."""
    write("a.yaml", b"a: 1\na: 2\n")
    write("b.yaml", b"a: 1\nb: \xff\n")
    Path("empty").mkdir()
    assert refused("a.yaml", "b.yaml", "none.yaml", "empty") == [
        "a.yaml:2: the key 'a' is there twice",
        "b.yaml:2: not text: byte 8 is no UTF-8",
        "none.yaml: can't be read: No such file or directory",
        "empty: no file in this folder ends with .json, .yaml, .yml",
    ]


def test_a_name_that_no_file_can_have_is_told() -> None:
    """Shells don't let it through, programs may."""
    assert "can't be read" in refused("a\0b")[0]


def test_a_file_that_is_too_large_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is a device without an end."""
    monkeypatch.setattr(files, "MAX_BYTES", 2**20)
    assert refused("/dev/zero") == ["/dev/zero: larger than 1 MiB: split it"]
    assert refused("-", stdin=b"#" * (2**20 + 1)) == ["stdin: larger than 1 MiB: split it"]
    assert origins("-", stdin=POD + b"#" * (2**20 - len(POD))) == ["stdin:1"]


def test_where_there_is_no_object_at_all_that_is_an_error() -> None:
    """A check of nothing must not pass; what was there instead is told."""
    write("a.yaml", b"# nothing\n")
    assert refused("a.yaml") == ["a.yaml: no Kubernetes object to judge"]
    assert refused("a.yaml", "-", stdin=b"a: b") == [
        "a.yaml, -: no Kubernetes object to judge",
        "stdin:1: not judged: it has no apiVersion and no kind, so it is no Kubernetes object",
    ]


def test_what_is_no_object_is_told_beside_the_objects() -> None:
    """Of every file."""
    write("a.yaml", POD + b"---\nhello\n")
    write("b.yaml", b"b: 1\n")
    notes = files.read(["a.yaml", "b.yaml"], io.BytesIO()).notes
    assert [note.origin for note in notes] == ["a.yaml:5", "b.yaml:1"]


def test_a_link_that_leads_into_a_circle_ends(folder: Path) -> None:
    """Folders may be linked into themselves."""
    write("d/a.yaml")
    (folder / "d" / "again").symlink_to(folder / "d")
    assert origins("d") == ["d/a.yaml:1"]

"""What stands between llama.cpp's own tests and our server: flags, models, reports."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from serve.models import load_models
from tests.conformance.llama_server import differences, flags
from tests.conformance.llama_server.__main__ import FILES
from tests.conformance.llama_server.models import SCORES, TEXT, VECTORS, stand_in
from tests.conformance.llama_server.report import Pair, compare, table
from tests.conformance.llama_server.run import Outcome, read_report
from tests.conformance.llama_server.suite import extract

TINY = ["--port", "8080", "--temp", "0.8", "--seed", "42", "--hf-repo", "ggml-org/test-model-stories260K"]


def entry(*more: str) -> dict[str, object]:
    """The entry of models.json."""
    found: dict[str, object] = flags.ours([*TINY, *more]).models["models"][0]
    return found


def test_a_command_line_becomes_settings_and_an_entry(tmp_path: Path) -> None:
    """One that our server takes."""
    command = flags.ours([*TINY, "--parallel", "2", "--ctx-size", "512", "--n-predict", "64", "--alias", "b,a"])
    assert command.environ["SLIPWAY_PORT"] == "8080"
    file = tmp_path / "models.json"
    file.write_text(json.dumps(command.models))
    (model,) = load_models(file).models
    assert (model.id, model.aliases[0], model.num_slots, model.context_tokens) == ("a", "b", 2, 256)
    assert (model.max_tokens, model.sampling.seed, model.sampling.temperature) == (64, 42, 0.8)


def test_a_key_becomes_a_file_of_keys() -> None:
    """Which a command line, seen by everybody, has no business with; without one there is none."""
    assert flags.ours([*TINY, "--api-key", "sk-x"]).api_key == "sk-x"
    assert "sk-x" not in str(flags.ours([*TINY, "--api-key", "sk-x"]).environ)
    assert flags.ours(TINY).api_key is None


def test_a_shared_cache_is_one_context_for_each_slot() -> None:
    """As large as all of it, as llama-server lets one request have it."""
    assert entry("--parallel", "2", "--ctx-size", "512", "--kv-unified")["context_tokens"] == 512


def test_adapters_and_templates_are_named_by_their_files(tmp_path: Path) -> None:
    """Wherever they lie."""
    template = tmp_path / "t.jinja"
    template.write_text("words")
    found = entry("--lora", "tmp/x.gguf", "--lora", "tmp/y.gguf", "--chat-template-file", str(template))
    assert found["adapters"] == [
        {"name": "x", "file": "x.gguf", "scale": 1.0},
        {"name": "y", "file": "y.gguf", "scale": 1.0},
    ]
    assert found["chat_template"] == "words"
    assert entry("--chat-template", "chatml")["chat_template"] == flags.CHATML


def test_llama_server_gets_our_model_and_else_its_own_flags() -> None:
    """So that both are tried on the same."""
    found = flags.theirs([*TINY, "--offline", "--jinja", "--parallel", "2"], Path("/models"))
    assert found == [
        "--model", f"/models/{TEXT}", "--port", "8080", "--temp", "0.8", "--seed", "42", "--jinja", "--parallel", "2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "file"),
    [("bert-bge-small/ggml-model-f16.gguf", VECTORS), ("jina-reranker-v1-tiny-en/x.gguf", SCORES), ("moe", TEXT)],
)
def test_a_model_is_stood_for_by_one_of_its_kind(name: str, file: str) -> None:
    """By what its name says that it does."""
    assert stand_in(name) == file


def test_a_report_says_what_came_of_each_test() -> None:
    """With the first line of why not."""
    xml = (
        '<testsuites><testsuite><testcase classname="unit.test_a" name="t1"/>'
        '<testcase classname="unit.test_a" name="t2"><failure message="no&#10;more">x</failure></testcase>'
        '<testcase classname="unit.test_a" name="t3"><skipped message="slow"/></testcase></testsuite></testsuites>'
    )
    assert read_report(xml) == [
        Outcome("test_a.py", "t1", "passed", ""),
        Outcome("test_a.py", "t2", "failed", "no"),
        Outcome("test_a.py", "t3", "skipped", "slow"),
    ]


def test_only_what_we_alone_fail_is_ours() -> None:
    """A model that says other words fails everybody."""
    ours = [Outcome("f", "a", "failed", "why"), Outcome("f", "b", "failed", ""), Outcome("f", "c", "passed", "")]
    theirs = [Outcome("f", "a", "passed", ""), Outcome("f", "b", "failed", ""), Outcome("f", "c", "failed", "")]
    found = compare(ours, theirs)
    assert [each.is_ours_alone for each in found] == [True, False, False]
    assert found[2] == Pair(ours[2], "failed")
    assert "all" in table(found)


def test_what_we_alone_fail_has_a_reason_or_ends_the_run() -> None:
    """A reason that is about nothing any more is told, when its file was run."""
    pairs = [
        Pair(Outcome("f.py", "a[1]", "failed", "why"), "passed"),
        Pair(Outcome("f.py", "b", "failed", "oh"), "passed"),
        Pair(Outcome("f.py", "c", "failed", ""), "failed"),
    ]
    known = [differences.Difference(("f.py::a[", "f.py::c", "g.py::x"), "so we want it")]
    assert [pair.name for pair in differences.unnamed(pairs, known)] == ["f.py::b"]
    assert differences.stale(pairs, known) == ["f.py::c"]
    told = differences.told(pairs, known).splitlines()
    assert told[:2] == ["  1  so we want it", "not named: f.py::b: oh"]
    assert told[2].endswith("f.py::c")


def test_every_named_difference_is_about_a_file_that_is_run() -> None:
    """And says why."""
    for each in differences.read():
        assert len(each.reason) > 20
        assert {test.partition("::")[0] for test in each.tests} <= set(FILES)


def test_folders_and_origins_are_ours() -> None:
    """What llama-server allows by itself is asked for; its word for a group of origins means nothing here."""
    environ = flags.ours([*TINY, "--slot-save-path", "/tmp/x"]).environ
    assert (environ["SLIPWAY_SLOT_SAVE_DIR"], environ["SLIPWAY_CORS_ORIGINS"]) == ("/tmp/x", "*")
    assert "SLIPWAY_CORS_ORIGINS" not in flags.ours([*TINY, "--cors-origins", "localhost"]).environ


def test_only_tests_and_templates_are_unpacked(tmp_path: Path) -> None:
    """Where the tests look for them."""
    archive = tmp_path / "source.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("tools/server/tests/utils.py", "models/templates/a.jinja", "src/llama.cpp"):
            member = tarfile.TarInfo(f"llama_cpp_python-1/vendor/llama.cpp/{name}")
            member.size = 1
            tar.addfile(member, io.BytesIO(b"x"))
    extract(archive, tmp_path / "tree")
    files = {str(path.relative_to(tmp_path / "tree")) for path in (tmp_path / "tree").rglob("*") if path.is_file()}
    assert files == {"tools/server/tests/utils.py", "models/templates/a.jinja"}

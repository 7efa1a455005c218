"""Prints what of the suite we pass, file by file, beside what llama-server itself passes on the same models."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.engine import peers
from tests.conformance.llama_server import differences, models, suite
from tests.conformance.llama_server.report import compare, table
from tests.conformance.llama_server.run import Places, run_suite
from tools.progress import Progress
from tools.settings import load as load_settings

FILES = (
    "test_basic.py", "test_completion.py", "test_chat_completion.py", "test_tokenize.py", "test_embedding.py",
    "test_rerank.py", "test_lora.py", "test_speculative.py", "test_ctx_shift.py", "test_ignore_eos.py",
    "test_template.py", "test_tool_call.py", "test_security.py", "test_stream.py", "test_metrics.py",
    "test_slot_save.py", "test_kv_keep_only_active.py", "test_compat_anthropic.py", "test_compat_oai_responses.py",
)  # fmt: skip
"""Not here: pictures, MCP, the router of several processes, the web page, Google's API."""


def main(arguments: Sequence[str]) -> int:
    """0 when we pass all that llama-server passes, but for what differences.yaml names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", default=FILES)
    options = parser.parse_args(arguments)
    settings = load_settings()
    tree = suite.ensure(settings.cache_dir)
    peer = peers.ensure(settings.cache_dir, Progress())
    with tempfile.TemporaryDirectory(prefix="conformance-models-") as folder:
        models.write_all(Path(folder))
        places = Places(tree, Path(folder), peer.python_path.absolute())
        ours = run_suite(places, options.files)
        theirs = run_suite(replace(places, peer=peer.llama_server.absolute()), options.files)
    found = compare(ours, theirs)
    known = differences.read()
    print(table(found), differences.told(found, known), sep="\n\n")
    return 1 if differences.unnamed(found, known) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

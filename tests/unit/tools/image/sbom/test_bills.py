"""From a reference to files in a folder."""

import json
from pathlib import Path

from tests.unit.tools.image.made import Registry, file, layer
from tests.unit.tools.image.test_layout import laid_out
from tools.image.sbom import bills

METADATA = "venv/a-1.dist-info/METADATA"


def test_each_image_gets_a_document_and_a_list_of_licences(tmp_path: Path) -> None:
    """Named by the variant; what says no licence is named."""
    made = Registry()
    digest = made.push("1", [layer([file(METADATA)], {METADATA: b"Name: a\nVersion: 1\n"})], {})
    ref = laid_out(tmp_path / "image", made, digest)
    said = bills.make({"cpu": ref}, tmp_path / "new" / "bill", attached=False)
    document = json.loads((tmp_path / "new/bill/cpu.cdx.json").read_text())
    assert document["metadata"]["component"]["version"] == digest
    assert (tmp_path / "new/bill/cpu.licences.txt").read_text() == "a  1  not said\n"
    assert said[0].startswith(f"cpu: 1 components of {digest}, in ")
    assert said[1] == "cpu: no licence is said of a"

"""The folder of the pack as Pulumi runs it: its own folder comes first on the path of its Python."""

import sys

from tests.unit.infra.recorder import ROOT


def test_no_module_of_the_pack_hides_one_of_the_standard_library() -> None:
    """The pack's Python looks into this folder first: a `secrets.py` here would be what every library gets."""
    own = {path.stem for path in (ROOT / "policies").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert own & sys.stdlib_module_names == set()

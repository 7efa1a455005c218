"""The machine gets its kernel settings back. A folder stands for /proc/sys."""

from pathlib import Path

import pytest

from tests.unit.tools import support
from tools.cluster import sysctls
from tools.cluster.layout import BRIDGE, Layout


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    root = tmp_path / "sys"
    for key in sysctls.CHANGED:
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_text("0\n")
    return root


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = support.layout(tmp_path)
    made.dir.mkdir()
    return made


def _change_all(kernel: Path) -> None:
    for path in (kernel / key for key in sysctls.CHANGED):
        if path.exists():
            path.write_text("1")


def test_every_setting_gets_its_old_value_back(kernel: Path, layout: Layout, tmp_path: Path) -> None:
    """Also those that the kubelet changes on its own."""
    sysctls.keep(layout, kernel)
    _change_all(kernel)
    sysctls.restore(layout, kernel, tmp_path / "interfaces")
    assert {(kernel / key).read_text().strip() for key in sysctls.CHANGED} == {"0"}


def test_a_repeated_start_keeps_the_first_record(kernel: Path, layout: Layout, tmp_path: Path) -> None:
    """The second start sees the cluster's own values: they are not the machine's."""
    sysctls.keep(layout, kernel)
    _change_all(kernel)
    sysctls.keep(layout, kernel)
    sysctls.restore(layout, kernel, tmp_path / "interfaces")
    assert (kernel / "kernel/panic").read_text() == "0"


def test_a_start_after_a_stop_records_afresh(kernel: Path, layout: Layout, tmp_path: Path) -> None:
    """What the administrator changed in between is the new truth."""
    sysctls.keep(layout, kernel)
    sysctls.restore(layout, kernel, tmp_path / "interfaces")
    (kernel / "kernel/panic").write_text("30")
    sysctls.keep(layout, kernel)
    _change_all(kernel)
    sysctls.restore(layout, kernel, tmp_path / "interfaces")
    assert (kernel / "kernel/panic").read_text() == "30"


def test_a_setting_that_this_kernel_lacks_is_left_out(kernel: Path, layout: Layout, tmp_path: Path) -> None:
    """Kernels can be built without key rings."""
    (kernel / "kernel/keys/root_maxkeys").unlink()
    sysctls.keep(layout, kernel)
    _change_all(kernel)
    sysctls.restore(layout, kernel, tmp_path / "interfaces")
    assert (kernel / "kernel/panic").read_text() == "0"
    assert not (kernel / "kernel/keys/root_maxkeys").exists()


@pytest.mark.parametrize(("bridge", "left"), [("docker0", "1"), (BRIDGE, "0")])
def test_forwarding_stays_on_while_another_bridge_needs_it(
    bridge: str, left: str, kernel: Path, layout: Layout, tmp_path: Path
) -> None:
    """Docker that was installed meanwhile must not lose its network by `make down`."""
    interfaces = tmp_path / "interfaces"
    (interfaces / bridge / "bridge").mkdir(parents=True)
    sysctls.keep(layout, kernel)
    _change_all(kernel)
    sysctls.restore(layout, kernel, interfaces)
    assert (kernel / sysctls.FORWARDING).read_text().strip() == left

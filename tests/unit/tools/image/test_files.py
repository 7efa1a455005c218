"""One clean root file system, and one thing wrong with it at a time."""

import pytest

from tests.unit.tools.image.made import file, root
from tools.image.checks import files
from tools.image.checks.files import Expected
from tools.image.layers import File

NOBODY = {"uid": 65534, "gid": 65534}
CLEAN = (
    file("models", kind="folder", mode=0o770, **NOBODY),
    file("opt/slipway", kind="folder", mode=0o770, **NOBODY),
    file("tmp", kind="folder", mode=0o1777),
    file("usr/bin/python3.11", mode=0o755),
    file("usr/bin/python3", kind="link", mode=0o777, target="python3.11"),
    file("bin", kind="link", mode=0o777, target="usr/bin"),
    file("etc/mtab", kind="link", mode=0o777, target="/proc/self/mounts"),
    file("etc/shadow", mode=0o640, gid=42),
    file("var/local", kind="folder", mode=0o2775, gid=50),
)


def test_a_clean_root_has_no_findings() -> None:
    """Links into /proc lead somewhere while a container runs."""
    assert list(files.findings(root(*CLEAN), Expected())) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (file("usr/bin/x", mode=0o4755), "setuid or setgid"),
        (file("usr/bin/x", mode=0o2755), "setuid or setgid"),
        (file("usr/bin/x", mode=0o755, xattrs={"security.capability": "1"}), "file capabilities"),
        (file("dev/kvm", kind="device"), "neither a file nor"),
        (file("app/x", mode=0o666), "may write to it"),
        (file("app", kind="folder", mode=0o755, **NOBODY), "may write to it"),
        (file("app", kind="folder", mode=0o775, gid=65534), "may write to it"),
        (file("tmp", kind="folder", mode=0o777), "may write to it"),
        (file("app/x", uid=1000, gid=1000), "belongs to 1000:1000"),
        (file("models", kind="folder", mode=0o777, **NOBODY), "must have 0770"),
        (file("opt/slipway", kind="folder", mode=0o770), "must have 0770 and 65534:65534"),
        (file("etc/x", kind="link", target="/none"), "leads to /none"),
        (file("etc/x", kind="link", target="x"), "leads to x"),
        (file("usr/bin/bash", mode=0o755), "/usr/bin/bash: a program"),
        (file("venv/bin/pip", mode=0o755), "/venv/bin/pip: a program"),
        (file("usr/lib/python3/dist-packages/pip", kind="folder", mode=0o755), "installs packages"),
    ],
)
def test_what_is_wrong_is_found_and_said(wrong: File, said: str) -> None:
    """In one line with its path."""
    found = list(files.findings(root(*CLEAN) | {wrong.path: wrong}, Expected()))
    assert found
    assert all(said in line or f"/{wrong.path}" in line for line in found)
    assert any(said in line for line in found)


def test_the_servers_folders_must_be_there_where_they_are_expected() -> None:
    """A sidecar has none."""
    without = {path: f for path, f in root(*CLEAN).items() if path not in files.OWN}
    assert len(list(files.findings(without, Expected()))) == 2
    assert list(files.findings(without, Expected(has_own_folders=False))) == []


def test_a_variant_for_people_may_have_a_shell() -> None:
    """And nothing else of what is forbidden."""
    shell, setuid = file("usr/bin/sh", mode=0o755), file("usr/bin/su", mode=0o4755)
    found = list(files.findings(root(*CLEAN, shell, setuid), Expected(is_for_people=True)))
    assert found == ["/usr/bin/su: setuid or setgid (mode 4755)"]


def test_links_are_followed_through_folders_and_circles_end() -> None:
    """/bin is a link to /usr/bin on Debian."""
    made = root(*CLEAN, file("a", kind="link", target="b"), file("b", kind="link", target="a"))
    assert files.resolve(made, "bin/python3") == "usr/bin/python3.11"
    assert files.resolve(made, "a/x") is None
    assert files.resolve(made, "etc/mtab") == ""

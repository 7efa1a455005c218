"""Which CLI and which provider are used, and what is written for them."""

import os
import stat
from pathlib import Path

import pytest

from tests.unit.tools import support
from tools import pulumi
from tools.settings import Settings
from tools.toolchain.programs import Programs


@pytest.fixture
def assembled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    built = tmp_path / "built"
    built.mkdir()
    for name in ("pulumi", "pulumi-resource-docker-build"):
        (built / name).write_text(name)
    script = tmp_path / "exec"
    script.touch()
    monkeypatch.setattr(pulumi, "_exec_script", lambda settings: script)
    monkeypatch.setattr(Settings, "clone_dir", property(lambda self: tmp_path / ".slipway"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "none"))
    return pulumi.assemble(support.settings(tmp_path), Programs((built,)))


def test_the_cli_and_its_language_host_are_real_files_in_one_folder(assembled: dict[str, str]) -> None:
    """The CLI warns about anything else."""
    folder = Path(assembled["PATH"].split(os.pathsep)[0])
    for name in ("pulumi", "pulumi-language-python", "pulumi-language-python-exec"):
        assert (folder / name).is_file()
        assert not (folder / name).is_symlink()
    assert stat.S_IMODE((folder / "pulumi-language-python").stat().st_mode) == 0o755


def test_the_stand_in_provider_is_used_where_no_official_one_is(assembled: dict[str, str]) -> None:
    """It lies where the CLI looks for the pinned version."""
    plugin = Path(assembled["PULUMI_HOME"], "plugins", f"resource-kubernetes-{pulumi.KUBERNETES_PROVIDER}")
    assert "tools.plugins.kubernetes" in (plugin / "pulumi-resource-kubernetes").read_text()


def test_an_official_provider_that_is_installed_wins(tmp_path: Path) -> None:
    """Wherever the CLI itself would find it."""
    plugin = tmp_path / "plugins" / f"resource-kubernetes-{pulumi.KUBERNETES_PROVIDER}" / "pulumi-resource-kubernetes"
    assert pulumi.official_provider({"PULUMI_HOME": str(tmp_path)}) is None
    plugin.parent.mkdir(parents=True)
    plugin.write_bytes(b"\x7fELF")
    assert pulumi.official_provider({"PULUMI_HOME": str(tmp_path)}) == plugin


def test_a_shell_that_took_make_env_still_gets_what_it_would_get_without(
    assembled: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own CLI and stand-in on PATH are not mistaken for installed ones."""
    folder = Path(assembled["PATH"].split(os.pathsep)[0])
    monkeypatch.setenv("PATH", str(folder))
    assert pulumi.official_provider(assembled) is None
    (folder / "pulumi").chmod(0o755)
    assert pulumi.installed() is None

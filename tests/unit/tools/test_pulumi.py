"""Which CLI and which provider are used, and what is written for them."""

import dataclasses
import os
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from infra import endpoints as endpoints_file
from tests.unit.tools import support
from tools import pulumi
from tools.pulumi import Pulumi
from tools.settings import ROOT, Settings, load
from tools.toolchain.gobuild import GoBuild
from tools.toolchain.groups import KUBERNETES
from tools.toolchain.programs import Programs


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    built = tmp_path / "built"
    built.mkdir()
    for name in ("pulumi", "pulumi-resource-docker-build"):
        (built / name).write_text(name)
    script = tmp_path / "exec"
    script.touch()
    monkeypatch.setattr(pulumi, "_exec_script", lambda settings: script)
    monkeypatch.setattr(Settings, "clone_dir", property(lambda self: tmp_path / ".slipway"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return Programs((built,))


@pytest.fixture
def assembled(built: Programs, tmp_path: Path) -> dict[str, str]:
    return pulumi.assemble(support.settings(tmp_path), built)


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


@pytest.mark.parametrize("home", ["home/.pulumi", "elsewhere"])
def test_an_official_provider_is_found_again_in_a_shell_that_took_make_env(
    home: str, built: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PULUMI_HOME is ours there: our link is followed, never linked to itself."""
    name = f"plugins/resource-kubernetes-{pulumi.KUBERNETES_PROVIDER}/pulumi-resource-kubernetes"
    official = tmp_path / home / name
    official.parent.mkdir(parents=True)
    official.write_bytes(b"\x7fELF")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / home))
    for _ in range(3):
        for key, value in pulumi.assemble(support.settings(tmp_path), built).items():
            monkeypatch.setenv(key, value)
        assert Path(os.environ["PULUMI_HOME"], name).resolve() == official


def test_without_an_official_provider_a_second_assembly_keeps_the_stand_in(
    built: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where an earlier version had linked the path to itself."""
    first = pulumi.assemble(support.settings(tmp_path), built)
    for key, value in first.items():
        monkeypatch.setenv(key, value)
    plugin = Path(first["PULUMI_HOME"], "plugins", f"resource-kubernetes-{pulumi.KUBERNETES_PROVIDER}")
    stand_in = plugin / "pulumi-resource-kubernetes"
    stand_in.unlink()
    stand_in.symlink_to(stand_in)
    assert pulumi.assemble(support.settings(tmp_path), built) == first
    assert "tools.plugins.kubernetes" in stand_in.read_text()


def test_the_stack_local_has_its_own_passphrase_and_state_whatever_others_use(tmp_path: Path) -> None:
    """A team's bucket never holds everybody's `local`; a team's passphrase file never opens it."""
    user = {"PULUMI_BACKEND_URL": "s3://team", "PULUMI_CONFIG_PASSPHRASE_FILE": "/run/secret", "X": "1"}
    settings = support.settings(tmp_path)
    assert dict(pulumi.for_local(Pulumi("pulumi", user), settings).env) == {
        "X": "1",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_BACKEND_URL": f"file://{tmp_path}/state/pulumi?create_dir=true",
    }


def test_by_default_a_plain_pulumi_finds_the_stack_local() -> None:
    """The project file names the same folder."""
    named = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["backend"]["url"]
    home = {"HOME": str(Path.home())}
    url = pulumi.local_environment(load(home))["PULUMI_BACKEND_URL"]
    assert url == named.replace("~", str(Path.home()))


def test_other_stacks_get_the_users_environment_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No empty passphrase and no other state slips in."""
    monkeypatch.setattr(pulumi, "installed", lambda: "/usr/bin/pulumi")
    cli = pulumi.existing(support.settings(tmp_path))
    assert cli is not None
    assert dict(cli.env) == dict(os.environ)


def test_the_builder_of_the_local_cluster_is_named_only_for_that_cluster(tmp_path: Path) -> None:
    """On a cluster of one's own, the user's builders must be found."""
    settings = support.settings(tmp_path)
    ours = dataclasses.replace(
        endpoints_file.without_cluster(), kubeconfig=str(settings.state_dir / "cluster/k"), builder="slipway"
    )
    endpoints_file.save(ours, settings.state_dir)
    assert pulumi.local_environment(settings)["BUILDX_CONFIG"] == str(settings.state_dir / "cluster" / "buildx")
    endpoints_file.save(dataclasses.replace(ours, kubeconfig=str(tmp_path / "own")), settings.state_dir)
    assert "BUILDX_CONFIG" not in pulumi.local_environment(settings)


def test_what_is_not_built_is_not_there_and_is_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`status`, `env` and `down` ask; they never compile."""
    monkeypatch.setattr(pulumi, "installed", lambda: None)
    assert pulumi.existing(support.settings(tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("own_pulumi", [None, "/usr/bin/pulumi"])
def test_slipway_comes_with_make_env_and_kubectl_where_it_is_built(
    own_pulumi: str | None, built: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind an installed pulumi's folder, which must stay the one that is found; once, however often."""
    settings = support.settings(tmp_path)
    monkeypatch.setattr(pulumi, "installed", lambda: own_pulumi)
    pulumi.place_commands(settings)
    bin_dir = tmp_path / ".slipway" / "bin"
    assert [path.name for path in bin_dir.iterdir()] == ["slipway"]
    folder = GoBuild(KUBERNETES, settings.cache_dir).bin_dir
    folder.mkdir(parents=True)
    (folder / "kubectl").write_text("kubectl")
    monkeypatch.setenv("PATH", "/usr/bin")
    for _ in range(2):
        monkeypatch.setenv("PATH", pulumi.place_commands(settings)["PATH"])
    others = ["/usr/bin"]
    assert os.environ["PATH"].split(":") == ([*others, str(bin_dir)] if own_pulumi else [str(bin_dir), *others])
    assert (bin_dir / "kubectl").read_text() == "kubectl"


def test_the_slipway_that_make_env_brings_runs_this_checkout_from_any_folder(built: Programs, tmp_path: Path) -> None:
    """It is not installed anywhere."""
    pulumi.place_commands(support.settings(tmp_path))
    command = [str(tmp_path / ".slipway" / "bin" / "slipway"), "policy", "--help"]
    shown = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True).stdout
    assert "slipway policy" in shown

"""The file by which the local cluster tells where everything is."""

import json
from pathlib import Path

import pytest

from infra import endpoints
from infra.errors import EndpointsError

EXAMPLE = endpoints.Endpoints(
    kubeconfig="/state/kubeconfig",
    context="slipway-local",
    registry="127.0.0.1:5000",
    builder="slipway",
    base_image="127.0.0.1:5000/library/debian:bookworm-slim",
    ca_file=None,
    ingress_class="slipway",
    ingress_url="http://127.0.0.1:8080",
    ingress_source_cidrs=("192.0.2.2/32",),
    storage_classes=("standard", "fast-ssd"),
)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    """The file is written into a directory that need not exist, and read back as the same value."""
    path = endpoints.save(EXAMPLE, tmp_path / "new")
    assert path == tmp_path / "new" / "endpoints.json"
    assert endpoints.load(tmp_path / "new") == EXAMPLE


def test_saving_leaves_no_other_file(tmp_path: Path) -> None:
    """The temporary file takes the final name."""
    endpoints.save(EXAMPLE, tmp_path)
    endpoints.save(EXAMPLE, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["endpoints.json"]


def test_no_file_means_no_cluster(tmp_path: Path) -> None:
    """A missing file is not an error: a preview works without a cluster."""
    assert endpoints.load(tmp_path) is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"registry": None}, "registry"),
        ({"extra": 1}, "extra"),
        ({"ingress_source_cidrs": "x"}, "ingress_source_cidrs"),
        ({"ingress_source_cidrs": []}, "ingress_source_cidrs"),  # would let everybody in
    ],
)
def test_a_wrong_file_is_refused_by_key(tmp_path: Path, change: dict[str, object], named: str) -> None:
    """The message names the file, the key and the way out."""
    path = endpoints.save(EXAMPLE, tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))

    with pytest.raises(EndpointsError, match=f"endpoints.json: {named}.*`make up` writes it anew"):
        endpoints.load(tmp_path)


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    """A folder in its place, or a file of somebody else: the path and the reason, no traceback."""
    (tmp_path / "endpoints.json").mkdir()
    with pytest.raises(EndpointsError, match=r"endpoints\.json: Is a directory; allowed: a file that can be read"):
        endpoints.load(tmp_path)


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    """Half a file is not an empty one."""
    path = endpoints.save(EXAMPLE, tmp_path)
    path.write_text(path.read_text()[:40])

    with pytest.raises(EndpointsError, match="Invalid JSON"):
        endpoints.load(tmp_path)

"""An image's root file system in a folder, as a container engine unpacks it: rights, owners, whiteouts.

For images of our own builds: what an archive says is done, also where it would lead out of the folder.
"""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from tools.image import registry
from tools.image.layers import OPAQUE, WHITEOUT, is_whiteout, normal


def unpack(ref: str, folder: Path) -> dict[str, object]:
    """Write the image's files into `folder`; returns its configuration. Needs root, for the owners."""
    with registry.client() as http:
        parsed = registry.parse(ref)
        manifest = registry.manifest(http, parsed)
        for blob in manifest.layers:
            with registry.blob(http, parsed, blob) as stream, tarfile.open(fileobj=stream, mode="r|*") as tar:
                for member in tar:
                    _extract(tar, member, folder)
        return registry.config(http, parsed, manifest)


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    path = folder / normal(member.name)
    if is_whiteout(member.name):
        hidden = list(path.parent.iterdir()) if path.name == OPAQUE else [path.with_name(path.name[len(WHITEOUT) :])]
        for each in hidden:
            shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink(missing_ok=True)
        return
    if member.ischr() or member.isblk():
        return  # the runtime makes /dev
    if path.is_symlink() or (path.is_file() and not member.isdir()):
        path.unlink()
    tar.extract(member, folder, numeric_owner=True, filter="fully_trusted")

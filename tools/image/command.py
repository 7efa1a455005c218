"""`python -m tools image`: builds variants, measures them, checks them, builds them twice.

Each command takes names of image/sizes.yaml; without one, all that do not compile for an hour. With `--of NAME=REF` an
image is judged that somebody else has pushed, and nothing is built.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from tools import settings
from tools.edge import one_line_errors
from tools.errors import CommandFailed
from tools.image import build, check, reading, registry, reproduce, size
from tools.image.checks.files import Expected
from tools.image.errors import ImageUnreadable
from tools.image.size import Measured
from tools.image.variants import Sizes
from tools.image.variants import load as load_sizes
from tools.progress import Progress

app = typer.Typer(no_args_is_help=True, help="The images in a registry: size, content, two builds of one.")
Names = Annotated[list[str] | None, typer.Argument(help="variants of image/sizes.yaml", show_default=False)]
Of = Annotated[list[str] | None, typer.Option("--of", metavar="NAME=REF", help="an image that is there already")]
FIRST, SECOND = "first", "second"


@app.command("build")
def build_command(names: Names = None) -> None:
    """Build variants and push them to the builder's registry; also those that take an hour, where they are named."""
    with one_line_errors():
        sizes, loaded = load_sizes(), settings.load()
        for name in names or _quick(sizes):
            print(build.push(build.find(loaded), name, sizes.variant(name), Progress(stderr=True)))


@app.command("size")
def size_command(names: Names = None, of: Of = None, *, brief: bool = False) -> None:
    """Measure the images from the registry's blobs; exit status 1 when one is over its limit."""
    with one_line_errors():
        sizes = load_sizes()
        refs = _refs(sizes, names, of)
        with registry.client() as http:
            images = {name: reading.read(http, registry.parse(ref)) for name, ref in refs.items()}
        measured = {name: Measured.of(name, image) for name, image in images.items()}
        print(size.table(measured, sizes, list(refs) if of or names else list(sizes.variants)))
        for name, image in ({} if brief else images).items():
            print(f"\n{size.details(name, image, sizes)}")
        _fail_with([line for name, found in measured.items() for line in size.over(found, sizes.variant(name))])


@app.command("check")
def check_command(names: Names = None, of: Of = None) -> None:
    """Look for rights, secrets, missing libraries and the like; exit status 1 when there is something."""
    with one_line_errors():
        sizes, loaded = load_sizes(), settings.load()
        found = []
        with registry.client() as http:
            for name, ref in _refs(sizes, names, of).items():
                variant = sizes.variant(name)
                expected = Expected(has_own_folders=variant.has_own_folders, is_for_people=variant.is_for_people)
                wrong = check.findings(http, registry.parse(ref), expected, loaded.ca_file)
                print(f"{name}: {len(wrong) or 'nothing'} wrong")
                found += [f"{name}: {line}" for line in wrong]
        _fail_with(found)


@app.command("reproduce")
def reproduce_command(names: Names = None) -> None:
    """Build a variant twice with nothing kept; exit status 1, with the first difference, where they are not one."""
    with one_line_errors():
        sizes, progress = load_sizes(), Progress(stderr=True)
        builder = build.find(settings.load())
        found = []
        for name in names or ["cpu"]:
            variant = sizes.variant(name)
            refs = [
                build.push(builder, name, variant, progress, tag=f"{name}-{which}", fresh=True)
                for which in (FIRST, SECOND)
            ]
            with registry.client() as http:
                first, second = (reading.read(http, registry.parse(ref)) for ref in refs)
            differs = reproduce.difference(first, second)
            print(f"{name}: {first.digest} {'twice' if differs is None else f'and {second.digest}'}")
            found += [f"{name}: {differs}"] if differs else []
        _fail_with(found)


@app.command("sbom")
def sbom_command(
    names: Names = None,
    of: Of = None,
    output: Annotated[Path | None, typer.Option(help="a folder; .slipway/sbom without one")] = None,
    *,
    attach: Annotated[bool, typer.Option("--attach", help="put each beside its image in the registry")] = False,
) -> None:
    """Write what the images are made of: CycloneDX 1.6, and a list of licences."""
    from tools.image.sbom import bills  # here: its library comes with the development requirements only

    with one_line_errors():
        refs = _refs(load_sizes(), names, of)
        print("\n".join(bills.make(refs, output or settings.load().clone_dir / "sbom", attached=attach)))


@app.command("scan")
def scan_command(names: Names = None, of: Of = None) -> None:
    """Ask Debian and PyPI what they know of the packages inside; exit status 1 when there is something."""
    from tools.image.sbom import bills  # here: its library comes with the development requirements only
    from tools.image.scan import report

    with one_line_errors():
        found = [report.scan(name, bills.examine(ref)[1]) for name, ref in _refs(load_sizes(), names, of).items()]
        print("\n".join(line for each in found for line in each.said))
        _fail_with([line for each in found for line in each.findings])


def _refs(sizes: Sizes, names: Sequence[str] | None, of: Sequence[str] | None) -> dict[str, str]:
    """Name of each variant -> where its image is: as given, else built here, else as it was built before."""
    if of:
        return dict(_given(sizes, text) for text in of)
    loaded, progress = settings.load(), Progress(stderr=True)
    builder = build.find(loaded)
    if names:
        return {name: build.push(builder, name, sizes.variant(name), progress) for name in names}
    refs = {}
    for name in _quick(sizes):
        try:
            refs[name] = build.push(builder, name, sizes.variants[name], progress)
        except CommandFailed as error:  # one whose sources can't be had here must not hide the others' sizes
            print(f"{name}: {error}", file=sys.stderr)
    return refs | _built_before(builder.registry, [name for name in sizes.variants if name not in refs])


def _built_before(host: str, names: Sequence[str]) -> dict[str, str]:
    """Those that take an hour, where somebody took it."""
    found = {}
    with registry.client() as http:
        for name in names:
            with suppress(ImageUnreadable):
                ref = f"{host}/{build.REPOSITORY}:{name}"
                registry.manifest(http, registry.parse(ref))
                found[name] = ref
    return found


def _given(sizes: Sizes, text: str) -> tuple[str, str]:
    name, _, ref = text.partition("=")
    sizes.variant(name)
    return name, ref


def _quick(sizes: Sizes) -> list[str]:
    return [name for name, variant in sizes.variants.items() if not variant.is_long]


def _fail_with(found: Sequence[str]) -> None:
    for line in found:
        print(line)
    if found:
        raise typer.Exit(1)

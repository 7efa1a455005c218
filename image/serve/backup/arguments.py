"""What `python -m serve backup` and `restore` are told. Imports nothing of what they do: every process reads this."""

from __future__ import annotations

import argparse
import re
from pathlib import Path


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The two commands with all that they take."""
    backup = commands.add_parser("backup", help="copy folders to a folder or a bucket, as far as it lacks them")
    backup.add_argument("--set", dest="sets", action="append", default=[], type=_set, metavar="NAME=DIR")
    backup.add_argument("--keep", type=_count, required=True, metavar="N", help="so many backups of each set")
    backup.add_argument("--history-from", metavar="URL", help="a Prometheus; makes the set 'history'")
    backup.add_argument("--history-query", metavar="PROMQL")
    backup.add_argument("--to", dest="place", required=True, metavar="DIR|s3://BUCKET/PREFIX")
    restore = commands.add_parser("restore", help="bring back one set")
    restore.add_argument("--from", dest="place", required=True, metavar="DIR|s3://BUCKET/PREFIX")
    restore.add_argument("--set", dest="name", type=_name, required=True, metavar="NAME")
    restore.add_argument("--snapshot", metavar="TIME", help="the latest unless it is named, such as 20270131T030000Z")
    restore.add_argument("--to", dest="target", type=Path, required=True, metavar="DIR")
    for command in (backup, restore):
        command.add_argument("--endpoint", metavar="URL", help="of another service than AWS")
        command.add_argument("--region")
        command.add_argument("--credentials", type=Path, metavar="FILE", help="as AWS's own tools read it")


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name of a set: lower-case letters, digits and dashes are")
    return text


def _set(text: str) -> tuple[str, Path]:
    name, separator, folder = text.partition("=")
    if not separator or not folder:
        raise argparse.ArgumentTypeError(f"{text!r} is no set: NAME=DIR is")
    return _name(name), Path(folder)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed: 1 or more is")
    return int(text)

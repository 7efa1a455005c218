"""Text -> Kubernetes objects, whatever it is: manifests (YAML, JSON), an exported state or a preview of Pulumi's.

`read` tells them apart by content, never by a file's name. Pure: `kube/files.py` reads files.
"""

import re
from collections.abc import Iterator

from kube.errors import SourceError, TooMuch
from kube.objects import Object
from kube.sources import json_text, manifests, pulumi_json, yaml_text
from kube.sources.source import Note, Source, gather

__all__ = ["Note", "Source", "read"]

_BEGINS_AS_JSON = re.compile(r'\s*(?:\{\s*["}]|\[\s*["\[{\]])')
_TEMPLATE = re.compile(r"^[^#\n]*\{\{", re.MULTILINE)


def read(text: str, name: str) -> Source:
    """All objects of a text; SourceError, with `name` and the line, where it can't be read."""
    if _BEGINS_AS_JSON.match(text):
        try:
            return gather(_from_json(text, name), name)
        except TooMuch:
            raise
        except SourceError as not_json:
            try:  # YAML may begin like this, too
                return gather(_from_yaml(text, name), name)
            except SourceError:
                raise not_json from None
    try:
        return gather(_from_yaml(text, name), name)
    except SourceError as error:
        if _TEMPLATE.search(text, 0, 2**20):
            raise SourceError(f"{error}; it looks like a template: judge what `helm template` prints") from None
        raise


def _from_json(text: str, name: str) -> Iterator[Object | Note]:
    for value, line in json_text.values(text, name):
        resources = pulumi_json.resources_of(value)
        if resources is None:
            yield from manifests.from_data(value, name, line)
        else:
            yield from pulumi_json.read(resources, name)


def _from_yaml(text: str, name: str) -> Iterator[Object | Note]:
    for node in yaml_text.documents(text, name):
        yield from manifests.from_node(node, name)

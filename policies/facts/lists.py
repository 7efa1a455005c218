"""Lists that may not be known as a whole. Knows nothing of what is in them."""

from kube.unknown import UNKNOWN
from kube.view import View


def elements(view: View, path: str) -> list[View]:
    """As `view.items`, but a list that is not known as a whole is one element that is not known."""
    here = view.at(path)
    return [here] if here.data is UNKNOWN else view.items(path)

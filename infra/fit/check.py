"""All models of a plan -> what does not fit, with numbers and what would: one sentence each. Pure, and linear.

What calls it: the plan, for the models of a stack, and `slipway models check`, for the whole catalog.
"""

from collections.abc import Iterable, Iterator

from infra.catalog.types import Profile, Size
from infra.fit.engine import DEFAULT, Engine
from infra.fit.nearest import Shelf, nearest
from infra.fit.proof import explain, prove

MANY = 4


def misfits(models: Iterable[tuple[str, Size, Profile]], offered: Shelf, engine: Engine = DEFAULT) -> Iterator[str]:
    """Of (name, size, profile) those that do not fit. The name is what people know: a setting, or a model's id."""
    for name, size, profile in models:
        fit = prove(size, profile, engine)
        if not fit.does_fit:
            yield f"{name} {explain(fit)}; {_instead(size, profile, offered, engine)}"


def _instead(size: Size, profile: Profile, offered: Shelf, engine: Engine) -> str:
    found = nearest(size, profile, offered, engine)
    if not found:
        return "nothing in the catalog fits it"
    return f"fits: {', or '.join(each.text for each in found[:MANY])}"

"""How a stack file is written: keys, types, ranges and defaults of all `slipway:` settings. Not what they do.

No key must be there; what a stack can't do without (a context, a registry, a host) is `auto`, and refused later where
nothing knows it. One module per subject; the defaults are all in `words`.
"""

from infra.settings.stack_file import Settings
from infra.settings.words import AMBIENT, AUTO, NONE

__all__ = ["AMBIENT", "AUTO", "NONE", "Settings"]

"""The stack file -> StackConfig: read once, checked here, passed down as a value.

`load()` is the edge to pulumi.Config; `parse()` is pure. After it there is no `auto` left and no question about types.
Each problem is reported with its key, its value and what is allowed: all wrong keys, types and ranges together, and
when there are none, all values that don't fit the catalog, the cluster or each other. Each subject has a module with
two functions: `check` gives the sentences, `resolve` the values.
"""

from infra.config.load import NOT_OURS, SECRET_KEYS, decode, load
from infra.config.parse import PREFIX, kinds_of, parse

__all__ = ["NOT_OURS", "PREFIX", "SECRET_KEYS", "decode", "kinds_of", "load", "parse"]

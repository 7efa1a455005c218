"""Which sources the price book is made from: pinned versions and checksums, where the figures lie in them, licences.

To take newer ones: raise the version, run `make prices`, and put the checksum here that the error names.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

from tools.toolchain.go_module import GoModule

AWS: Final = GoModule(
    "github.com/aws/karpenter-provider-aws", "v1.15.1", "h1:6eH///KgWKDwD2R6wHRnKGN8Vu8OHueaXjNdx64TnuY="
)
AWS_FILE: Final = "pkg/providers/pricing/zz_generated.pricing_aws.go"
AZURE: Final = GoModule(
    "github.com/Azure/karpenter-provider-azure", "v1.14.2", "h1:ahAvrgrlHNbPJxPiusamAES7cGkGOJYse2mGlRA2Hao="
)
AZURE_FILE: Final = "pkg/providers/pricing/zz_generated.pricing.go"
GO_LICENCE: Final = "Apache-2.0"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel on the package index, by the hash of its file."""

    name: str
    version: str
    sha256: str


HOSTED: Final = Wheel("genai-prices", "0.2.3", "56976ce2b04ec206117f7d0e53f4849211a6724ab3a12119afec304eba63ee25")
HOSTED_FILE: Final = "genai_prices/data.py"
HOSTED_LICENCE: Final = "MIT"
HOSTED_DAY: Final = datetime.date(2026, 11, 21)
"""Prices that hold later than this are in the list, too, and not for now."""

"""Where Pulumi starts the pack: in this folder. The repository's root goes on the path, the folder itself off it."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:] = [str(HERE.parent), *(entry for entry in sys.path if Path(entry).resolve() != HERE)]

from policies.pack import main  # noqa: E402

main()

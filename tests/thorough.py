"""How much the tests of random moments, inputs and queries try: a sample, or all with ``scripts/test --thorough``.

Both are the same in each run. A workflow runs the thorough ones every night.
"""

from __future__ import annotations

import os

import pytest

THOROUGH = os.environ.get("EDGARCHIVE_THOROUGH", "") not in {"", "0"}

only_thorough = pytest.mark.skipif(not THOROUGH, reason="only with scripts/test --thorough")


def rounds(sample: int, *, thorough: int) -> int:
    """How many there are of something in this run."""
    return thorough if THOROUGH else sample

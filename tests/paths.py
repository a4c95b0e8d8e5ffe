"""Where tests find files: the checkout, invented submissions, and real files beside the checkout."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
"""The checkout."""

INVENTED = ROOT / "tests" / "loopback" / "submissions"
"""Invented submissions in EDGAR's format, which the loopback EDGAR serves."""

ODDITIES = ROOT / "tests" / "fixtures" / "submissions"
"""Invented submissions that are odd as real ones are; `manifest.tsv` says what each holds."""

SHARED = ROOT.parent / "shared"
"""Real files, absent in most checkouts: tests that need them are skipped without."""

CORPUS = SHARED / "corpus"
"""Real submissions and other answers of EDGAR's."""

CASES = SHARED / "cases"
"""Small invented submissions, one folder a situation, with their right values."""

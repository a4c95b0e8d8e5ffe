"""The values that tab completion offers, besides those of options with a fixed choice."""

from __future__ import annotations

import contextlib

import typer


def complete_section(incomplete: str) -> list[str]:
    """The names of sections."""
    from indexer.sections.forms import SECTION_NAMES  # noqa: PLC0415 — for completion alone

    return [name for name in SECTION_NAMES if name.startswith(incomplete)]


def complete_saved(context: typer.Context, incomplete: str) -> list[str]:
    """The names of the saved searches; none where there is no archive."""
    from archiver.errors import EdgarchiveError  # noqa: PLC0415 — for completion alone
    from archiver.settings.settings import Settings  # noqa: PLC0415
    from edgarchive.watching.searches import saved_searches  # noqa: PLC0415

    before = context.find_root().params
    with contextlib.suppress(EdgarchiveError):
        searches = saved_searches(Settings(root=before.get("root"), config=before.get("config")))
        return sorted(name for name in searches if name.startswith(incomplete))
    return []

from __future__ import annotations

import re

import pytest

from archiver.startup.patterns import lazy_pattern


@pytest.mark.parametrize(
    ("pattern", "flags"), [("a(b?)c", re.IGNORECASE), (b"x+", 0), ("^.$", re.MULTILINE | re.DOTALL)]
)
def test_a_pattern_is_that_of_re(pattern: str | bytes, flags: int) -> None:
    """Every method and attribute that is asked for is the compiled one's, also the second time."""
    lazy, eager = lazy_pattern(pattern, flags), re.compile(pattern, flags)
    for _ in range(2):
        for name in ("pattern", "flags", "groups", "groupindex"):
            assert getattr(lazy, name) == getattr(eager, name)
        for name in ("match", "fullmatch", "search", "finditer", "findall", "sub", "subn", "split"):
            assert getattr(lazy, name) == getattr(eager, name)


def test_a_pattern_is_compiled_when_it_is_used() -> None:
    """Not before; so one that is wrong raises then."""
    wrong = lazy_pattern("(")
    with pytest.raises(re.error):
        wrong.match("")
    with pytest.raises(AttributeError):
        lazy_pattern("a").no_such_method  # type: ignore[attr-defined]  # noqa: B018 — asking is the test

from __future__ import annotations

import re
from typing import Any

import pytest

from archiver.settings.tables import read_tables


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("select", [{1: "8-K"}], "table 1: 1: unknown key, known are form, "),
        ("select", [{"froms": ["8-K"]}], "table 1: froms: unknown key, did you mean 'form'?"),
        ("select", [{}, {"zzz": 1}], "table 2: zzz: unknown key, known are form, "),
        ("select", [{"since": []}], "table 1: since: it must be a date, a month or a year"),
        ("select", [{"cik": [0.5]}], "table 1: cik: it must be a CIK or a list of CIKs"),
        ("select", [{"form": "8-K", "forms": ["8-K"]}], "table 1: forms: unknown key"),
        ("select", "8-K", "it must be tables, each below a line [[select]]"),
        ("search", [{"query": "a"}], "table 1: name: it is missing"),
        ("select", ["8-K"], "it must be tables, each below a line [[select]]"),
        ("search", 5, "it must be tables, each below a line [[search]]"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(name: str, value: Any, message: str) -> None:
    """With the place in the file, and the near key."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        read_tables(name, value)


def test_any_key_of_a_saved_search_is_a_filter() -> None:
    """Which filters there are is for the search to say."""
    [table] = read_tables("search", [{"name": "a", "form": ["8-K"]}])
    assert table.filters() == {"form": ["8-K"]}  # type: ignore[attr-defined]

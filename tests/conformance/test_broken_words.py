"""Words hyphenated at a line end: every engine finds both readings, in sections too, and nothing near that is not."""

from __future__ import annotations

import json
from datetime import date

from indexer.engine import Engine
from indexer.entries import entries_of
from indexer.query.build import parse_query
from indexer.submission.submission import parse_submission
from tests.unit.index_entries import add_all
from tests.unit.submissions import submission_bytes

_FILLING = " ".join(["and more of it"] * 20)
_REPORT = f"""PART I

Item 1. Business

We mill corn, omega at last.

Item 1A. Risk Factors

Much of our long-
term debt {_FILLING} matures alpha soon.

Item 2. Properties

A short-
term lease. {_FILLING} End of it.

Item 3. Legal Proceedings

By a sub-
sidiary of the non-
performing and self-
insured kind. The very last word is zebra.
"""


def test_a_compound_broken_at_a_line_end_is_found_where_it_stands(engine: Engine) -> None:
    """Whole or in halves, next to and near the words around it alone."""
    document = f"<DOCUMENT>\n<TYPE>10-K\n<SEQUENCE>1\n<TEXT>\n{_REPORT}</TEXT>\n</DOCUMENT>\n"
    submission = parse_submission(submission_bytes(form="10-K", documents=document))
    made = list(entries_of(submission, sha256="0" * 64, filing_date=date(2024, 1, 5)))
    add_all(engine, made)
    engine.commit()
    for query, expected in (
        ('"long-term debt"', True),
        ("longterm", True),
        ('section:1A "our long-term debt and"', True),
        ("section:1A longterm debt", True),
        ("section:1A long term alpha", True),
        ("section:1A long NEAR/2 debt", True),
        ("section:2 long", False),
        ("section:2 short-term", True),
        ("section:1A short", False),
        ('section:1 "long term"', False),
        ("section:1A corn", False),
        ("section:1A (long NEAR/50 short)", False),
        ("section:1A term NEAR/50 lease", False),
        ("section:1A NOT long", False),
        ('"much long-term"~40', True),
        ("long NEAR/50 soon", False),
        ('"omega our long"~50', True),
        ("zebra NEAR/50 (our OR much)", False),
        ("zebra PRE/50 much", False),
        ('"zebra of"~3', False),
        ('"zebra self"~50', True),
        ("section:3 (sub PRE/3 nonperforming)", True),
        ('section:3 ("a subsidiary of the non-performing and self-insured kind")', True),
        ('"subsidiary of the nonperforming and self insured kind"', True),
        ("section:3 (long-term NEAR/20 subsidiary)", False),
        ('"a sub-sidiary" NEAR/10 selfinsured', True),
        ('"a sub-sidiary" NEAR/2 selfinsured', False),
    ):
        found = engine.search(parse_query(query), documents=True)
        assert [json.loads(hit.stored)["position"] for hit in found.hits] == [0] * expected, query

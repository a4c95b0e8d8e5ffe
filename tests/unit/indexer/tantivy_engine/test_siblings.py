"""Submissions are counted exactly by the bits of their documents."""

from __future__ import annotations

import json
import random
from collections import defaultdict

import pytest

siblings = pytest.importorskip("indexer.tantivy_engine.siblings", exc_type=ImportError)


@pytest.mark.parametrize("seed", range(20))
def test_any_choice_of_documents_is_counted_by_submission(seed: int) -> None:
    """Whichever documents are found, the sums of their bits tell of how many submissions they are."""
    chance = random.Random(seed)  # noqa: S311 — the same cases each time
    counts = [chance.choice([1, 1, 2, 3, 4, 7, 8, 15, 16, chance.randint(1, 3000)]) for _ in range(60)]
    rows = [f'{{"of":{number}}}\n' for number, count in enumerate(counts) for _ in range(count)]
    numbered = [json.loads(line) for line in siblings.SiblingNumbers(chance.randint(0, 9)).number(counts, rows)]
    assert [row["of"] for row in numbered] == [json.loads(row)["of"] for row in rows]
    fields = {(row["siblings"], row["sibling_bit"]) for row in numbered if "siblings" in row}
    assert len(fields) == sum(count > 1 for count in counts)
    for share in (0.01, 0.5, 1.0):
        found = [row for row in numbered if chance.random() < share]
        sums: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        for row in found:
            if "siblings" in row:
                sums[row["siblings"]][0] += row["sibling_bit"]
                sums[row["siblings"]][1] += 1
        assert all(total < 2**53 for total, _ in sums.values())
        buckets = [{"key": key, "doc_count": n, "bits": {"value": float(t)}} for key, (t, n) in sums.items()]
        assert len(found) - siblings.surplus(buckets) == len({row["of"] for row in found})


def test_numbers_go_on_after_those_of_the_index() -> None:
    """A later writer uses no group that the index has."""
    first = [json.loads(row) for row in siblings.SiblingNumbers(0).number([2], ['{"a":1}\n'] * 2)]
    group = first[0]["siblings"] >> 6
    later = [json.loads(row) for row in siblings.SiblingNumbers(group).number([2], ['{"a":1}\n'] * 2)]
    assert later[0]["siblings"] >> 6 == group + 1

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whoosh.codec.whoosh3 import W3Codec
from whoosh.filedb.filestore import FileStorage, RamStorage

from indexer.whoosh_engine.fields import schema
from indexer.whoosh_engine.storage.postings import TermWriter, block_of


@given(st.sets(st.binary(min_size=1, max_size=6), min_size=1, max_size=300))
def test_whooshs_table_finds_every_term_and_no_other(terms: set[bytes]) -> None:
    """However the hashes fall, Whoosh's reader finds every term, lists them in order, and misses all others."""
    storage = RamStorage()
    segment = W3Codec().new_segment(storage, "MAIN")
    writer = TermWriter(storage, segment)
    writer.start_field("text")
    for number, term in enumerate(sorted(terms)):
        writer.add(term, [block_of([number], [1], [b"\x01\x07"], [1], is_inlined=True)])
    writer.close()
    reader = W3Codec().terms_reader(storage, segment)
    assert [term for _, term in reader.terms()] == sorted(terms)
    for number, term in enumerate(sorted(terms)):
        info = reader.term_info("text", term)
        assert (info.min_id(), info.doc_frequency()) == (number, 1)
        matcher = reader.matcher("text", term, schema()["text"].format)
        assert (list(matcher.all_ids()), matcher.value_as("positions")) == ([number], [7])
    assert all((("text", term + b"x") in reader) == (term + b"x" in terms) for term in terms)
    assert next(reader.terms_from("text", max(terms))) == ("text", max(terms))


def test_terms_out_of_order_are_a_defect(tmp_path: Path) -> None:
    """A table whose terms do not ascend could not be searched, so it is never written."""
    storage = FileStorage(str(tmp_path))
    writer = TermWriter(storage, W3Codec().new_segment(storage, "MAIN"))
    writer.start_field("text")
    block = block_of([1], [1], [b"\x01\x07"], [1], is_inlined=True)
    writer.add(b"b", [block])
    with pytest.raises(ValueError, match="ascend"):
        writer.add(b"a", [block])
    writer.close()

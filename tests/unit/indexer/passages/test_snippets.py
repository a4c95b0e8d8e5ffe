"""Snippets: the best passage, marked, and nothing that could do harm in a terminal or a page."""

from __future__ import annotations

import re
import time
import tracemalloc
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexer.passages.cutting import SNIPPET_CHARS
from indexer.passages.snippets import Found, Highlighter
from indexer.query.build import parse_query
from indexer.texts.model import encode_text


def marked(query: str, text: str) -> str | None:
    """The snippet of `text` for `query`, as JSON has it."""
    snippet = Highlighter(parse_query(query)).snippet(text)
    return None if snippet is None else snippet.as_html()


@pytest.mark.parametrize(
    ("query", "snippet"),
    [
        ("resigned", "Mr. Shurtleff <em>resigned</em> from the Board of Directors"),
        ('"board of directors"', "Mr. Shurtleff resigned from the <em>Board of Directors</em>"),
        ('"of board"', None),
        ("shurtleff resign*", "Mr. <em>Shurtleff</em> <em>resigned</em> from the Board of Directors"),
        ("r?signed", "Mr. Shurtleff <em>resigned</em> from the Board of Directors"),
        ("shurtlef~1", "Mr. <em>Shurtleff</em> resigned from the Board of Directors"),
        ('"board of direct*"', "Mr. Shurtleff resigned from the <em>Board of Directors</em>"),
        ('"shurtleff board"~4', "Mr. <em>Shurtleff</em> resigned from the <em>Board</em> of Directors"),
        ('"board shurtleff"~4', "Mr. <em>Shurtleff</em> resigned from the <em>Board</em> of Directors"),
        ("stem:resigning", "Mr. Shurtleff <em>resigned</em> from the Board of Directors"),
        ('stem:"boards of director"', "Mr. Shurtleff resigned from the <em>Board of Directors</em>"),
        ('"b?ard"', None),
        ("shurt*f re*ed", "Mr. <em>Shurtleff</em> <em>resigned</em> from the Board of Directors"),
        ("sign", None),
        ("NOT resigned", None),
        ("form:8-K", None),
        ("description:board", "Mr. Shurtleff resigned from the <em>Board</em> of Directors"),
        ("name:board", None),
    ],
)
def test_marks_stand_where_the_query_matched(query: str, snippet: str | None) -> None:
    """Words are marked whole, phrases only as phrases, patterns and near words by what they matched."""
    assert marked(query, "Mr. Shurtleff resigned from the Board of Directors") == snippet


LONG = "word " * 80


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("He resigned.", False, False),
        (f"{LONG}resigned {LONG}", True, True),
        (f"The first sentence ended. He resigned {LONG}", False, True),
        (f"{LONG}and he resigned. The next sentence begins here {LONG}", True, False),
        (f"{LONG}of Acme Inc. He resigned from Acme Inc. {LONG}", True, True),
        (f"In 2004 it ended in 2004. He resigned in {LONG}", False, True),
    ],
)
def test_a_passage_cut_within_a_sentence_has_an_ellipsis_for_readers(text: str, *, before: bool, after: bool) -> None:
    """Its text is that of the document, verbatim; what people see has the mark outside of the matches."""
    snippet = Highlighter(parse_query("resigned")).snippet(text)
    assert snippet is not None
    assert snippet.text in text
    shown = snippet.with_ellipses()
    assert shown.text == f"{'… ' if before else ''}{snippet.text}{' …' if after else ''}"
    assert [shown.text[start:stop] for start, stop in shown.spans] == ["resigned"]
    assert shown.with_ellipses() == shown


def test_marks_cannot_be_forged() -> None:
    """A text that holds marks itself shows them escaped."""
    assert marked("a", "<em>x</em> & a") == "&lt;em&gt;x&lt;/em&gt; &amp; <em>a</em>"


def test_control_and_bidi_characters_are_left_out() -> None:
    """Nothing in a snippet moves a cursor or turns the reading direction."""
    assert marked("resigned", "a\u202eb \x1b[31m\x00resigned\x07") == "ab [31m<em>resigned</em>"


@pytest.mark.parametrize(
    ("query", "text", "snippet"),
    [
        ("resigned", "he res\u00adigned", "he <em>resigned</em>"),
        ("finance", "… ﬁnance ™ x", "… <em>ﬁnance</em> ™ x"),
        ("resigned", "™ ½ … resigned™", "™ ½ … <em>resigned</em>™"),
        ('"resigned lamp"', "ﬁ resigned™ lamp", "ﬁ <em>resigned™ lamp</em>"),
        ("m2", "½ 5 m² x", "½ 5 <em>m²</em> x"),
        ("resignation", "½ his resigna-\n   tion as", "½ his <em>resigna- tion</em> as"),
        ('"his resignation as"', "his resigna-\ntion as", "<em>his resigna- tion as</em>"),
        ("long-term", "a long-\nterm loan", "a <em>long- term</em> loan"),
        ("12", "ﬁ sales¹² x", "ﬁ sales<em>¹²</em> x"),
        ("2", "½", "<em>½</em>"),
    ],
)
def test_characters_that_fold_to_none_or_several_keep_their_place(query: str, text: str, snippet: str) -> None:
    """Ligatures, soft hyphens and signs do not shift the marks."""
    assert marked(query, text) == snippet


def test_the_passage_with_most_of_the_query_is_shown() -> None:
    """Not the first match but the place where the words stand together is shown."""
    text = "alpha here. " + "filler " * 200 + "alpha and beta together. " + "filler " * 200 + "beta there."
    assert "<em>alpha</em> and <em>beta</em> together" in str(marked("alpha beta", text))


def test_a_passage_begins_and_ends_with_a_sentence_where_it_can() -> None:
    """Half sentences at the ends are left out; abbreviations end no sentence."""
    weather = "The weather was fine on that day in the valley. "
    told = "Then Mr. Rossi of Acme Inc. Widgets resigned after a long and open talk with his board there. "
    snippet = str(marked("rossi", weather * 9 + told + weather * 9))
    assert snippet.startswith("The weather was fine")
    assert snippet.endswith(told.replace("Rossi", "<em>Rossi</em>").strip())


def test_white_space_of_tables_is_folded() -> None:
    """A table's columns of blanks do not use up the snippet."""
    assert marked("total", "x\n\n" + " " * 900 + "Total" + "\t" * 900 + "1,234") == "x <em>Total</em> 1,234"


@pytest.mark.parametrize(
    ("text", "snippet"),
    [
        ("Loans" + "." * 200 + " 13 Total" + "_" * 90 + "x", "Loans... 13 <em>Total</em>___x"),
        ("Taxes" + " ." * 40 + " 7\n" + "- " * 60 + "\nTotal", "Taxes ... 7 --- <em>Total</em>"),
        ("a -- b ... Total (1-2) ***", "a -- b ... <em>Total</em> (1-2) ***"),
    ],
)
def test_drawn_lines_and_dot_leaders_are_short(text: str, snippet: str) -> None:
    """What only guides the eye on paper does not use up the snippet."""
    assert marked("total", text) == snippet


def test_a_passage_does_not_repeat_the_headings_around_it() -> None:
    """They are shown apart; words on each side are as many as requested, headings included."""
    text = "Item 1A. Risks\nThe alpha mills may stop. Item 2. Land\nWe own some."
    headings = [(0, 14), (text.index("Item 2"), text.index("\nWe"))]
    assert found("alpha", text, headings=headings).passages[0].snippet.text == "The alpha mills may stop."
    assert found("risks", text, headings=headings).passages[0].snippet.text.startswith("Item 1A. Risks The alpha")
    shown = found("alpha", text, headings=headings, context_words=2).passages[0].snippet.text
    assert shown == "Risks The alpha mills may"


@given(st.text(max_size=400), st.text(max_size=400))
def test_a_snippet_is_a_clean_cut_of_its_text(before: str, after: str) -> None:
    """Whatever stands around a match, the snippet is short, without controls, and marks exactly the match."""
    snippet = Highlighter(parse_query("zebra")).snippet(f"{before} zebra {after}")
    assert snippet is not None
    assert len(snippet.text) <= SNIPPET_CHARS
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", snippet.text)
    assert snippet.spans
    assert {snippet.text[start:stop].casefold() for start, stop in snippet.spans} == {"zebra"}


def test_a_hostile_pattern_over_a_long_word_ends() -> None:
    """A pattern with several stars over letters without end ends at all."""
    for pattern in ("aa*a*a*b", "aa?*a?*a?*b", '"a* a* a*b"'):
        assert marked(pattern, "a" * 200_000 + " " + "a" * 200_000) is None


def found(query: str, text: str, **options: Any) -> Found:
    """What is found in `text` for `query`."""
    return Highlighter(parse_query(query)).find(encode_text(text), **options)


def test_all_matches_are_counted() -> None:
    """Every word or phrase of the query counts, wherever it stands, also beyond the passages."""
    assert found("alpha beta", "alpha beta " * 400).matches == 800
    assert found('"alpha beta"', "alpha beta " * 400).matches == 400
    assert found("gamma", "alpha beta").matches == 0
    assert found("that", "that that, That").matches == 3


def test_a_phrase_is_shown_before_its_words_and_near_words_before_distant_ones() -> None:
    """Of passages with as much of the query, the one with the phrase, or with the words closest, is shown."""
    filler = "filler " * 100
    text = f"income was net here, income and net. {filler} the net income rose. {filler} net of income."
    assert "the <em>net income</em> rose" in found('"net income" income', text).passages[0].snippet.as_html()
    text = f"Alpha {'word ' * 25} beta and so on. {filler} Then alpha beta came. {filler} beta {'word ' * 20} alpha."
    assert "Then <em>alpha</em> <em>beta</em> came" in found("alpha beta", text).passages[0].snippet.as_html()


def test_the_heading_of_an_item_is_no_passage_where_there_is_another() -> None:
    """Every report has the form's own headings; what the company wrote itself is shown, if there is any."""
    heading = "Item 1A. Risk Factors"
    text = f"{heading}\n{'Much is told here. ' * 40}We face the risk that factors of cost rise."
    spans = [(0, len(heading))]
    assert "We face the <em>risk</em>" in found("risk factors", text, headings=spans).passages[0].snippet.as_html()
    assert found("risk factors", text, headings=spans).matches == 4
    assert "<em>Risk Factors</em>" in found('"risk factors"', text, headings=spans).passages[0].snippet.as_html()


def test_only_matches_within_given_spans_count() -> None:
    """A search in a section shows and counts nothing outside of it."""
    text = "alpha outside. é " + "filler " * 90 + "alpha inside."
    begin = len(text[: text.index("filler")].encode())
    one = found("alpha", text, within=[(begin, len(text.encode()))])
    assert (one.matches, "inside" in one.passages[0].snippet.text) == (1, True)
    assert found("alpha", text, within=[(begin, begin + 9)]) == Found((), 0)


def test_no_passage_leaves_the_given_spans() -> None:
    """A passage of one section does not run on into the next, which may begin within the sentence."""
    text = "Item 1A. Risk é factors: the alpha mills, Item 7. Discussion of sales."
    begin, end = (len(text[: text.index(word)].encode()) for word in ("Risk", "Item 7"))
    (one,) = found("alpha", text, within=[(begin, end)]).passages
    assert one.snippet.text.strip() == "Risk é factors: the alpha mills,"
    (one,) = found("alpha", text, within=[(begin, end)], context_words=9).passages
    assert one.snippet.text.strip() == "Risk é factors: the alpha mills,"


def test_several_passages_do_not_overlap_and_the_best_comes_first() -> None:
    """Each of the passages shows another place."""
    text = "alpha one. " + "x " * 300 + "alpha beta two. " + "x " * 300 + "beta three."
    passages = [passage.snippet.text for passage in found("alpha beta", text, n=5).passages]
    assert len(passages) == 3
    assert "two" in passages[0]
    assert "one" in passages[1]
    assert "three" in passages[2]


def test_many_passages_take_time_in_proportion_to_the_text() -> None:
    """However many are asked for, by whomever: each is compared with those beside it, not with all."""

    def needed_s(matches: int) -> float:
        text = ("alpha " + "x " * 300) * matches
        started = time.process_time()
        assert len(found("alpha", text, n=1_000_000, context_words=1).passages) == matches
        return time.process_time() - started

    needed_s(10)  # what is made once
    assert needed_s(4000) < 10 * needed_s(1000)


@given(st.lists(st.integers(0, 70), min_size=1, max_size=8), st.none() | st.integers(0, 40), st.integers(2, 6))
@example([2, 0], 0, 2)
def test_nothing_is_shown_in_two_passages(gaps: list[int], context_words: int | None, n: int) -> None:
    """However near the matches stand, and however many words are shown around them."""
    numbers = iter(range(1000))
    text = "".join("alpha " + "".join(f"w{next(numbers)} " for _ in range(gap)) for gap in gaps)
    passages = found("alpha", text, n=n, context_words=context_words).passages
    shown = [word for passage in passages for word in passage.snippet.text.split()]
    assert max(Counter(word for word in shown if word != "alpha").values(), default=1) == 1
    assert shown.count("alpha") <= len(gaps)


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "match"), (1, "c match d"), (2, "b c match d e"), (9, "a b c match d e f")]
)
def test_words_on_each_side(count: int, shown: str) -> None:
    """A passage has so many words on each side of its matches, or as many as there are."""
    assert found("match", "a  b c match d\te f", context_words=count).passages[0].snippet.text == shown


@given(
    st.lists(
        st.sampled_from(["alpha", "beta", "é", "™", "漢字", "word", "’", "x²", "\n", ".", "\u202e", "a\u0301"]),
        max_size=80,
    ),
    st.integers(0, 5),
    st.one_of(st.none(), st.integers(0, 4)),
)
def test_any_passages_are_cut_cleanly(words: list[str], n: int, context_words: int | None) -> None:
    """Whatever stands around the matches, each span is a whole match, and a place leads to one."""
    text = " ".join(words)
    one = found("alpha beta", text, n=n + 1, context_words=context_words)
    assert one.matches == words.count("alpha") + words.count("beta")
    assert bool(one.passages) == bool(one.matches)
    for passage in one.passages:
        assert {passage.snippet.text[start:stop] for start, stop in passage.snippet.spans} <= {"alpha", "beta"}
        assert passage.snippet.spans
        assert encode_text(text)[passage.place :].startswith((b"alpha", b"beta"))


def test_marks_are_spans_of_characters() -> None:
    """The marks of a whole text count characters, whatever stands before them."""
    text = "é漢 alpha — “Alpha” \U0001d7da alpha"
    spans = Highlighter(parse_query("alpha")).marks(text)
    assert [text[start:stop] for start, stop in spans] == ["alpha", "Alpha", "alpha"]


@pytest.mark.parametrize(
    "query", ["merger", "merg*", "m?rger", "mergre~1", "stem:merger", '"merger merger"', "merger OR a"]
)
def test_a_text_of_one_word_has_a_bounded_number_of_matches(query: str) -> None:
    """A filer decides how often a word occurs; each match takes memory and time, in every search for the word."""
    found = Highlighter(parse_query(query)).find(b"merger " * 450_000)
    assert 0 < found.matches <= 200_000
    assert found.passages[0].place == 0
    assert len(Highlighter(parse_query(query)).marks("merger " * 450_000)) <= 200_000


def test_places_that_are_no_match_are_tried_a_bounded_number_of_times() -> None:
    """A match after a million of them is not found."""
    [needle] = Highlighter(parse_query('"merger agreement"'))._needles
    folded = b" merger" * 50 + b" agreement merger agreement "
    assert len(list(needle.spans(folded))) == 2
    assert len(list(needle.spans(folded, tries=50))) == 1
    assert list(needle.spans(folded, tries=49)) == []


@pytest.mark.parametrize("letters", ["é—", "合併"])
def test_letters_beyond_ascii_take_a_bounded_amount_of_memory(letters: str) -> None:
    """They are mapped one by one: at most 250 bytes for each of theirs, and no more than 600,000 of them."""
    size = 100_000
    short, long = (
        encode_text(f"merger {letters * (count // len(letters.encode()))} merger") for count in (size, 700_000)
    )
    tracemalloc.start()
    try:
        found = Highlighter(parse_query("merger")).find(short)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.matches == 2
    assert peak < 250 * size
    assert Highlighter(parse_query("merger")).find(long).matches == 1


@pytest.mark.parametrize("letter", ["a", "é", "合"])
@pytest.mark.parametrize("before", [0, 1, 2])
def test_what_is_searched_of_a_very_long_text_ends_between_two_characters(letter: str, before: int) -> None:
    """And words before its end are found."""
    text = "x" * before + " merger " + letter * (34_000_000 // len(letter.encode()))
    assert Highlighter(parse_query("merger")).find(encode_text(text)).matches == 1

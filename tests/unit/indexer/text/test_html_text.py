from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.text.html_text import html_text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"<P>One  two\nthree</P>four<BR>five<hr>six", "One two three\nfour\nfive\nsix"),
        (b"<div>a</div><div>b</div><h1>c</h1><ul><li>d<li>e</ul>", "a\nb\nc\nd\ne"),
        (b"<b>Re</b>sig<FONT size=2>ned</FONT>", "Resigned"),
        (
            b"<table><tr><td>Net sales</td><td></td><td>$</td><td>1,234</td></tr><tr><td>b<td>c</table>",
            "Net sales\t$\t1,234\nb\tc",
        ),
        (b"<table><tr><td><p>a</p><p>b</p></td><td><div>c</div></td></tr></table>", "a b\tc"),
        (b"<table><tr><td></td><td><p>one</p><p>two</p></td></tr></table>", "one\ntwo"),
        (b"&#147;R&amp;D&#148;&nbsp;&mdash;&#xe9; AT&T 3 < 4", "“R&D” —é AT&T 3 < 4"),
        ("“naïve”".encode(), "“naïve”"),
        (b"\x93na\xefve\x94\xa0x", "“naïve” x"),
        (b"a<script>if (x<y) z('<p>')</script>b<style>p { }</style><!-- <p>no</p> -->c", "abc"),
        (b"a<script><!-- x = '<p>' </script>b<p title='>'>c --> d", "ab\nc --> d"),
        (b"<html><head><title>t</title></head><body>x</body></html>", "x"),
        (b"a<pre>x  y\r\n  z</pre>b  c", "a\nx  y\n  z\nb c"),
        (b'<p title="a b">x</p><p title="lost>y</p>', "x\ny"),
        (b'<p title="a > b">x</p><p title="lost>y</p><p>"z"', 'x\ny\n"z"'),
        (b"3 < 4 and 5 > 4 <> 6<br>a <b>c</b>", "3 < 4 and 5 > 4 <> 6\na c"),
        (b"a<!-- one> b <two -->c<!-- <p>d</p> -->e<!-->f<!DOCTYPE x><?xml y?>g", "acefg"),
        (b"<BR/>x<br />y", "x\ny"),
        (b"a</ p>b</\np>c< /p>d", "abc< /p>d"),
        (b"a</ p>b</\np>c< /p>d > e", "abc< /p>d > e"),
        (b"<title>never closed<body><p>one</p><p>two</p>", "never closed\none\ntwo"),
        (b"<p>one<style>p { }<p>two", "onep { }\ntwo"),
        (b"", ""),
    ],
)
def test_text_as_a_reader_sees_it(source: bytes, expected: str) -> None:
    """Blocks are lines, rows are lines with tabs, inline tags leave no gap, what is not shown is not there."""
    assert html_text(source) == expected


def test_what_is_hidden_is_left_out() -> None:
    """Hidden elements go with all they hold, nested ones of their own name too; what follows stays."""
    source = (
        b"<p>a</p><div style='DISPLAY : none'><div>b</div><ix:header><ix:hidden>c</ix:hidden></ix:header></div>"
        b"<span style='display:none'>d</span><p>e</p><ix:header>f</ix:header>"
        b"<ix:nonFraction name='x'>7</ix:nonFraction>"
    )
    assert html_text(source) == "a\ne\n7"


@pytest.mark.parametrize(
    "source",
    [
        b'a<span title="a > b" style="display:none">no</span>b',
        b"a<SPAN STYLE='Display: None' title='a > b'>no</span>b",
        b"a<div style='display:none'>n<div>o</div></div>b",
        b"a<span style='display:none'><b>n</b><!-- </span> -->o</span>b<!-- > -->",
        b"a<ix:header><div>1 &lt; 2</div><ix:hidden>no</ix:hidden></ix:header>b",
        b"a<br style='display:none'>b",
    ],
)
def test_whatever_stands_in_a_tag_its_style_hides(source: bytes) -> None:
    """Brackets in quoted values, any case and tags that hold nothing change neither what is hidden nor what is not."""
    assert html_text(source).split() in (["ab"], ["a", "b"])


def test_hidden_elements_inside_hidden_ones_and_empty_ones() -> None:
    """What follows a hidden element inside another is hidden too; an empty XML element hides nothing after it."""
    assert html_text(b"a<div style='display:none'>b<div style='display:none'>c</div>d</div>e") == "ae"
    assert html_text(b"<div><div style='display:none'/>b</div>c") == "b\nc"


def test_a_hidden_element_that_never_closes_hides_nothing() -> None:
    """A document is not lost for one missing closing tag."""
    assert html_text(b"<p>a<div style='display:none'>b<p>c") == "a\nb\nc"


@pytest.mark.parametrize("rest", [b"</div>b", b"</DIV>b", b"<p>b", b"<h2>b</h2>", b"<hr>b", b"<span> no</span></div>b"])
def test_a_hidden_paragraph_ends_with_the_next_block_or_the_block_around_it(rest: bytes) -> None:
    """Its end tag is optional: the number of the last page, often hidden so, is not shown."""
    assert html_text(b"<div>a<p style='display:none'>no " + rest) == "a\nb"
    assert html_text(b"<div>a<p style='display:none'>no " + b"<i>x</i>" * 600 + rest) == "a\nb"


_PIECES = ["<p>", "</p>", "<td>", "<tr>", "<b>", "word", "<", ">", "'", '"', "<!--", "-->", "<pre>", "&", " "]


@given(st.lists(st.sampled_from(_PIECES)))
def test_no_source_fails_or_keeps_a_mark(pieces: list[str]) -> None:
    """Any tags in any order give a text without control characters."""
    assert not set(html_text("".join(pieces).encode())) & set(map(chr, (*range(9), *range(11, 32))))


@pytest.mark.timeout(30)  # what is quadratic here takes minutes
@pytest.mark.parametrize(
    "piece",
    [
        b"<div>",
        b"<p><font>x",
        b"<p style='display:none'>",
        b"<",
        b"<a '",
        b"<!--",
        b"<pre>",
        b"<table><tr><td>",
        b"<script>",
        b'<a b="<">',
        b"<!-- > -->",
        b"<script><!--",
        b"<!-- </script ",
        b"<p style='display:none' title='>'></p>",
        b"<div style='display:none'><b></div>",
    ],
)
@pytest.mark.slow
def test_time_is_linear_in_size(piece: bytes) -> None:
    """A megabyte of one thing, nested or never closed, is read in moments; a tree would take minutes."""
    assert len(html_text(piece * (1_000_000 // len(piece)))) <= 5_000_000

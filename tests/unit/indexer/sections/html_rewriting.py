# ruff: noqa: E501 — markup on one line each
"""Real reports rewritten as HTML in which headings are marked up in other ways; their items stay the same.

Each line of a report becomes a paragraph or a row of a table. Where an item begins and ends is marked by characters
without a meaning, which are removed from the extracted text before its items are looked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape

from indexer.text.html_text import html_text
from tests.unit.indexer.sections.rewriting import Item, Report, Rewritten, key_of

_BEGIN, _END = "\ue000", "\ue001"
_EDGE = re.compile(f"[{_BEGIN}{_END}]\n?")
_HALF = 2


def _changed(pattern: str) -> Callable[[Report], Rewritten]:
    """A rewriting with the headings in `pattern`, HTML that has the parts of a heading in braces."""

    def item_html(item: Item) -> str:
        body = _paragraphs(item.body)
        if not item.title:
            return _paragraphs(item.head) + body
        return pattern.format_map(_parts(item)) + ("" if "{body}" in pattern or "{first}" in pattern else body)

    return lambda report: _built(report, item_html)


def _parts(item: Item) -> Mapping[str, str]:
    """The parts of a heading: its number and title, and each of them in two halves and in letters of two sizes."""
    title, name = item.title, item.name
    first, _, rest = item.body.strip("\n").partition("\n")
    return {
        "body": _paragraphs(item.body),
        "first": escape(first.replace("\t", " ")),
        "rest": _paragraphs(rest),
        "name": name,
        "title": escape(title),
        "title_1": escape(title[: len(title) // _HALF]),
        "title_2": escape(title[len(title) // _HALF :]),
        "name_1": name[: len(name) // _HALF],
        "name_2": name[len(name) // _HALF :],
        "title_nbsp": escape(title).replace(" ", "&nbsp;"),
        "title_caps": " ".join(f"{escape(word[:1])}<font size=1>{escape(word[1:])}</font>" for word in title.split()),
        "title_references": "".join(f"&#{ord(letter)};" for letter in title),
        "title_on_lines": "<br>\n".join(map(escape, re.split("(?<=and) |(?<=,) |(?<=of) ", title, maxsplit=1))),
    }


def _built(report: Report, item_html: Callable[[Item], str]) -> Rewritten:
    """The text of the report as HTML with these items, and where they are."""
    source = ["<html><body>", _paragraphs(report.before)]
    for item in report.items:
        source += [f"<p>{_BEGIN}</p>", item_html(item), f"<p>{_END}</p>", _paragraphs(item.after)]
    text = html_text("\n".join([*source, "</body></html>"]).encode())
    pieces: list[str] = []
    edges: list[int] = []
    position = length = 0
    for edge in _EDGE.finditer(text):
        pieces.append(text[position : edge.start()])
        length += len(pieces[-1])
        edges.append(length)
        position = edge.end()
    pieces.append(text[position:])
    items = tuple(
        (key_of(item.section, report.form), begin, end)
        for item, begin, end in zip(report.items, edges[::2], edges[1::2], strict=True)
    )
    return Rewritten(report.form, "".join(pieces), items)


def _paragraphs(text: str) -> str:
    return "\n".join(_paragraph(line) for line in text.split("\n") if line.strip())


def _paragraph(line: str) -> str:
    if "\t" not in line:
        return f"<p>{escape(line)}</p>"
    return "<table><tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line.split("\t")) + "</tr></table>"


HTML_HEADINGS: dict[str, Callable[[Report], Rewritten]] = {
    name: _changed(pattern)
    for name, pattern in {
        "paragraph": "<p>Item {name}. {title}</p>",
        "capital tags": '<P ALIGN="CENTER"><FONT SIZE="2"><B>ITEM {name}. {title}</B></FONT></P>',
        "div in div": "<div><div style='margin:0pt'><b>Item {name}.</b> <i>{title}</i></div></div>",
        "heading": "<h2>Item {name}. {title}</h2>",
        "list item": "<ul><li>Item {name}. {title}</li></ul>",
        "definition": "<dl><dt>Item {name}.<dd>{title}</dl>",
        "center without end": "<center>Item {name}. {title}</center>",
        "only line ends": "<br>Item {name}. {title}<br>",
        "line end after the number": "<p>Item {name}.<br>{title}</p>",
        "empty line after the number": "<p>Item {name}.<br><br/>{title}</p>",
        "line end in the title": "<p>Item {name}. {title_on_lines}</p>",
        "two paragraphs": "<p>ITEM {name}.</p><p>&nbsp;</p><p>{title}</p>",
        "halves of words": "<p><span>It</span><span>em {name_1}</span><span>{name_2}. {title_1}</span><span>{title_2}</span></p>",
        "halves of words with styles": (
            '<p><font style="font-weight:bold">IT</font><font style="font-weight:bold">EM </font><b>{name_1}</b>'
            "<b><i>{name_2}</i></b>. <u>{title_1}</u><font color=black>{title_2}</font></p>"
        ),
        "letters of two sizes": "<p>I<font size=1>TEM</font> {name}. {title_caps}</p>",
        "underlined": "<p><u>Item {name}</u>. <u>{title}</u></p>",
        "small capitals": '<p style="font-variant:small-caps">Item {name}. <span style="text-transform:uppercase">{title}</span></p>',
        "target inside": '<p><a name="x{name}"></a><a href="#toc"><b>Item {name}. {title}</b></a></p>',
        "target around the number": '<p><b><a name="i"><font size=2>Item {name}.</font></a></b>&nbsp;<font><b>{title}</b></font></p>',
        "no-break spaces": "<p>Item&nbsp;{name}.&nbsp;&nbsp;&nbsp;{title_nbsp}</p>",
        "numeric no-break spaces": "<p>Item&#160;{name}.&#xA0;&#160;{title}</p>",
        "wide spaces": "<p>Item&ensp;{name}.&emsp;&thinsp;{title}</p>",
        "references to letters": "<p>&#73;&#x54;EM {name}&#46; {title_references}</p>",
        "references without semicolon": "<p>Item&#160 {name}.&nbsp {title}</p>",
        "dash reference": "<p>ITEM {name}&#151;{title}</p>",
        "quoted title": "<p>Item {name}. &#147;{title}&#148;</p>",
        "quotes as references": "<p>Item {name}. &quot;{title}&quot;</p>",
        "without width": "<p>&#8203;Item &#65279;{name}.&#8203; &zwnj;{title}</p>",
        "comment inside": "<p>Item <!-- Field: > --> {name}. <!-- x -->{title}</p>",
        "two cells": "<table><tr><td>Item {name}.</td><td>{title}</td></tr></table>",
        "two cells and spacers": (
            '<TABLE WIDTH="100%"><TR><TD WIDTH="2%">&nbsp;</TD><TD><B>ITEM&nbsp;{name}.</B></TD><TD>&nbsp;</TD>'
            "<TD><B>{title}</B></TD></TR></TABLE>"
        ),
        "three cells": "<table><tr><td>Item</td><td>{name}.</td><td>{title}</td></tr></table>",
        "two rows": "<table><tr><td>Item {name}.</td></tr><tr><td>{title}</td></tr></table>",
        "cell with paragraphs": "<table><tr><td><p>Item {name}.</p></td><td><p>{title_on_lines}</p></td></tr></table>",
        "one cell": "<table><tr><td><div>Item {name}. {title}</div></td></tr></table>",
        "one cell in a table": "<table><tr><td><table><tr><td>Item {name}.</td><td>{title}</td></tr></table></td></tr></table>",
        "cells and page": "<table><tr><td>Item {name}.</td><td>{title}</td><td>12</td></tr></table>",
        "page on the line": "<p>Item {name}. {title} <span>12</span></p>",
        "cell with a mark": "<table><tr><td>•</td><td>Item {name}.</td><td>{title}</td></tr></table>",
        "cells without ends": "<table><tr><td>Item {name}.<td>{title}<tr></table>",
        "row begins with the part": "<table><tr><td colspan=2>&nbsp;</td></tr><tr><td>Item {name}.</td><td>{title}</td></tr></table>",
        "gap of a style": '<p>Item {name}.<span style="padding-left:20pt">{title}</span></p>',
        "gap without a space": '<p>Item {name}<span style="display:inline-block;width:30pt"></span>{title}</p>',
        "floating": '<div style="float:left">Item {name}.</div><div style="margin-left:40pt">{title}</div>',
        "inline blocks": '<div style="display:inline">Item {name}. </div><div style="display:inline">{title}</div>',
        "XBRL around": '<ix:nonNumeric name="a:B" contextRef="c" id="f-{name}"><p>Item {name}. {title}</p></ix:nonNumeric>',
        "XBRL inside": '<p><ix:nonNumeric name="a:B" contextRef="c">Item {name}.</ix:nonNumeric> <span>{title}</span></p>',
        "hidden XBRL before": '<div style="display:none"><ix:nonNumeric name="a:B">Item 1. Yes</ix:nonNumeric></div><p>Item {name}. {title}</p>',
        "hidden words inside": '<p>Item <span style="display:none">zz</span>{name}. {title}<span style="font-size:0">x</span></p>',
        "page break above": (
            '<p>Table of Contents</p><p>17</p><p style="page-break-after:always"></p><hr><p><a href="#toc">Table of Contents</a></p>'
            "<p>Item {name}. {title}</p>"
        ),
        "page break in a style": '<div style="page-break-before:always"><p>Item {name}. {title}</p></div>',
        "page number in the paragraph": "<p>17<br><br>Item {name}. {title}</p>",
        "picture before": '<p><img src="logo.jpg" alt="">Item {name}. {title}</p>',
        "picture as a rule": '<p>Item {name}. {title}</p><p><img src="rule.gif"></p>',
        "footnote mark": "<p>Item {name}. {title}<sup>1</sup></p>",
        "preformatted": "<pre>\nItem {name}. {title}\n</pre>",
        "preformatted with spaces": "<pre>\n\n      ITEM {name}.     {title}\n      --------\n\n</pre>",
        "bullet": "<p>&#8226;&nbsp;&nbsp;Item {name}. {title}</p>",
        "square bracket": "<p>[Item {name}. {title}]</p>",
        "unclosed tags": "<p><b><font>Item {name}. <i>{title}<p>",
        "space inside the tag": "<p >Item <b >{name}</b >. {title}</p >",
        "unaudited below": "<p>Item {name}. {title}</p><p>(Unaudited)</p>",
        "text on the line": "<p><b>Item {name}. {title}.</b> {first}</p>{rest}",
        "text after a gap": "<p><b>Item {name}. {title}</b>&nbsp;&nbsp;&nbsp;{first}</p>{rest}",
        "text after a dash": "<p><u>Item {name}. {title}</u> - {first}</p>{rest}",
        "text beside the number": "<table><tr><td>Item {name}.</td><td><p>{title}</p><p>{first}</p></td></tr></table>{rest}",
        "text in the cell": "<table><tr><td><p>Item {name}. {title}</p>{body}</td></tr></table>",
        "text in the cell, pages at its sides": (
            "<table><tr><td>&nbsp;</td><td><p>Item {name}. {title}</p>{body}</td><td><img src=x></td></tr></table>"
        ),
        "all in a list": "<ol><li><p>Item {name}. {title}</p>{body}</li></ol>",
        "table of the heading and the text": "<table><tr><td>Item {name}.</td><td>{title}</td></tr><tr><td colspan=2>{first}</td></tr></table>{rest}",
    }.items()
}
"""Other markup of headings."""

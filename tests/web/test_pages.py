"""The pages: what they show, and that nothing of a filing becomes markup."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from multidict import MultiDict
from selectolax.lexbor import LexborHTMLParser, LexborNode

from edgarchive.web.pages import filing as filing_pages
from edgarchive.web.params import read_search
from indexer.search.options import SearchOptions
from tests.web.served import Served, attribute, first

FILING = "0009000900-19-000212"
LANTERN = "0009000900-04-000101"


def parsed(served: Served, path: str) -> LexborHTMLParser:
    """A page, read."""
    answer = served.ask(path)
    assert answer.status == 200, answer.text
    return LexborHTMLParser(answer.text)


def test_the_start_page_has_the_form(served: Served) -> None:
    """Without a query there is the form, and how many filings there are."""
    page = parsed(served, "/")
    assert page.css_first("input[name=q]")
    total = served.ask("/status.json").json()["submissions"]
    assert first(page, "h1").text().startswith(f"Search {total} filings from 1994 to ")
    assert len(page.css("section .lines li")) == 8


def test_hits_have_snippets_totals_facets_and_a_chart(served: Served) -> None:
    """The results page shows what the JSON has."""
    page = parsed(served, "/search?q=the")
    total = served.ask("/search.json?q=the&limit=0").json()["total"]
    assert first(page, "h1").text(strip=True) == f"{total} filings"
    assert page.css(".hits mark")
    assert page.css(".facets a")
    assert page.css("svg.chart a title")


def test_facets_and_filters_lead_to_narrower_searches(served: Served) -> None:
    """Each facet's link gives as many hits as it says; that of types, which counts best documents, as many or more."""
    page = parsed(served, "/search?q=officer")
    types = "Document types"
    facets = [one for one in page.css(".facets section") if one.css("li") and first(one, "h2").text() != types]
    assert len(facets) == 3
    for link in (one for facet in facets for one in facet.css("li")[:4]):
        anchor, count = first(link, "a"), first(link, ".count")
        narrowed = parsed(served, attribute(anchor, "href"))
        assert first(narrowed, "h1").text(strip=True).split()[0] == count.text(strip=True)


@pytest.mark.parametrize(
    "path",
    [
        "/search?q=the+OR+officer&form=8-K*&form=10-K",
        "/search?q=the&type=EX*&form=8-K,10-K,10-Q",
        "/search?q=the&item=5*&stem=1",
        "/search?item=9*",
        "/search?q=the&company=9000001&since=2004-03-01",
        "/search?q=the&cik=9000001,9000002&range=10y",
    ],
)
def test_a_facet_of_a_filtered_search_narrows_it_further(served: Served, path: str) -> None:
    """Another value of a filter is never a further alternative, and a year stays within the dates."""
    page = parsed(served, path)
    total = int(first(page, "h1").text(strip=True).split()[0])
    assert total
    for item in page.css(".facets section li, .facets tbody tr"):
        count = int(first(item, ".count, .number").text(strip=True))
        narrower = int(first(parsed(served, attribute_or(first(item, "a"), "href")), "h1").text(strip=True).split()[0])
        assert count <= narrower <= total, item.text()


@pytest.mark.parametrize(
    "query",
    [
        "q=the&cik=9000001&cik=9000002&name=Acme%2C+Inc.&company=x",
        "q=the&company=Acme%2C+Inc.&company=Foo",
        "q=the&series=Growth%2C+A&documents=1&main=1&limit=5",
        "q=the&amendments=1&section=Part+I%2C+Item+1A&section=7",
        "q=the&cik=1,2&stem=0&stem=1&since=2001&since=2002-02-02",
    ],
)
def test_sending_a_form_again_asks_for_the_same(served: Served, query: str) -> None:
    """All filters stay, whether they have a field or not, with several values, and with commas in them."""
    page = parsed(served, f"/search?{query}")
    sent: list[tuple[str, str]] = []
    for field in page.css("#filters input, #filters select, .quick input"):
        kind = attribute_or(field, "type")
        value = attribute_or(field, "value")
        assert kind != "date" or re.fullmatch(r"(\d{4}-\d\d-\d\d)?", value)  # a browser drops any other
        if field.tag == "select":
            value = next((attribute(one, "value") for one in field.css("option") if "selected" in one.attributes), "")
        if kind != "checkbox" or "checked" in field.attributes:
            sent.append((attribute(field, "name"), value))
    asked = [read_search(_as_names(MultiDict(pairs))).options for pairs in (parse_qsl(query), sent)]
    assert _comparable(asked[0]) == _comparable(asked[1])


def _as_names(query: MultiDict[str]) -> MultiDict[str]:
    """The company as `named_company` reads it, without a list of tickers."""
    pairs = [(name if name != "company" else "cik" if text.isdigit() else "name", text) for name, text in query.items()]
    return MultiDict((name, text) for name, text in pairs if text.strip())


def _comparable(options: SearchOptions) -> dict[str, object]:
    return {name: sorted(value) if isinstance(value, tuple) else value for name, value in options.to_dict().items()}


@pytest.mark.parametrize("path", ["/", "/search?q=the", "/company/9000001"])
def test_every_field_of_a_form_is_understood(served: Served, path: str) -> None:
    """Whatever can be ticked, chosen or typed there leads to an answer, and stands in the form of that."""
    typed = {
        "company": "9000001",
        "form": "8-K, 10-K*",
        "item": "5.02",
        "section": "1A",
        "type": "EX-10*",
        "sic": "3571",
    }
    typed |= {"state": "DE", "since": "2004-01-01", "until": "2020", "added_since": "2026-01-01", "q": "board"}
    fields = 0
    for field in parsed(served, path).css("main form input, main form select, main form button[name], .quick input"):
        name = attribute(field, "name")
        values = [attribute(one, "value") for one in field.css("option")]
        if field.tag == "input":
            is_given = attribute_or(field, "type") in {"checkbox", "hidden"}
            values = [attribute(field, "value") if is_given else typed[name]]
        for value in values:
            answer = served.ask(f"/search?{urlencode({'q': 'the', name: value})}")
            assert answer.status == 200, (name, value, answer.text)
            fields += 1
            if attribute_or(field, "type") == "checkbox":
                again = LexborHTMLParser(answer.text)
                assert "checked" in first(again, f"input[name={name}]").attributes
                chip = first(again, ".chosen a")
                assert name not in attribute(chip, "href")
    assert fields >= (2 if path.startswith("/company") else 20)


def test_each_value_of_a_filter_can_be_removed_alone(served: Served) -> None:
    """The active filters, in words; the order of the hits is no filter."""
    page = parsed(served, "/search?q=the&form=8-K,10-K&form=10-Q&amendments=0&within=filing&range=10y&sort=newest")
    shown = {first_words(one.text()): attribute(one, "href") for one in page.css(".chosen a")}
    assert list(shown) == [
        "form: 8-K",
        "form: 10-K",
        "form: 10-Q",
        "without amendments",
        "words in different documents",
        "filed within 10 years",
    ]
    assert parse_qs(urlsplit(shown["form: 8-K"]).query)["form"] == ["10-K", "10-Q"]
    assert parse_qs(urlsplit(shown["form: 10-Q"]).query)["form"] == ["8-K,10-K"]
    assert all("sort=newest" in url for url in shown.values())


def first_words(text: str) -> str:
    """The label of an active filter."""
    return text.partition(" ×")[0]


def attribute_or(node: LexborNode, name: str) -> str:
    """An attribute of an element; empty if it has none."""
    return node.attributes.get(name) or ""


def test_a_text_with_very_many_matches_says_how_many_are_marked(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser takes long for a page of marks alone; all of them are counted."""
    path = f"/filing/{FILING}/1?q=the"
    every = parsed(served, path).css("article mark")
    monkeypatch.setattr(filing_pages, "_MAX_MARKS", 2)
    page = parsed(served, path)
    assert [one.text() for one in page.css("article mark")] == [one.text() for one in every[:2]]
    assert first(page, ".matches .quiet").text() == f"The first 2 of {len(every)} matches are marked."
    assert first(page, "article").text() == first(parsed(served, f"/filing/{FILING}/1?view=text"), "article").text()


def test_a_document_as_filed_and_the_next_one_keep_the_words(served: Served) -> None:
    """Who looks at the original, or at the next document, still finds the matches marked in the text."""
    path = f"/filing/{LANTERN}/1?q=resigning&stem=1"
    marks = len(parsed(served, path).css("article mark"))
    assert marks
    filed = attribute_or(first(parsed(served, path), ".views a"), "href")
    original = parsed(served, filed)
    assert original.css("iframe")
    assert attribute_or(first(original, "#quick"), "value") == "resigning"
    text = next(one for one in original.css(".views a") if one.text() == "Text")
    assert len(parsed(served, attribute_or(text, "href")).css("article mark")) == marks
    following = attribute_or(first(original, '.views a[rel="next"]'), "href")
    assert following == f"/filing/{LANTERN}/2?view=filed&q=resigning&stem=1"
    assert (
        attribute_or(first(parsed(served, path), '.views a[rel="next"]'), "href")
        == f"/filing/{LANTERN}/2?q=resigning&stem=1"
    )
    plain = parsed(served, f"/filing/{LANTERN}/1")
    assert attribute_or(first(plain, '.views a[rel="next"]'), "href") == f"/filing/{LANTERN}/2"


def test_a_page_past_the_last_leads_to_the_first(served: Served) -> None:
    """Such as one that somebody kept the address of."""
    page = parsed(served, "/search?q=the&offset=5000&limit=3")
    link = next(one for one in page.css(".results a") if one.text() == "First page")
    assert len(parsed(served, attribute(link, "href")).css(".hits li")) == 3


def test_pages_lead_on_and_back(served: Served) -> None:
    """Next and previous page."""
    page = parsed(served, "/search?q=the&limit=2")
    following = attribute_or(first(page, "a[rel=next]"), "href")
    assert "q=the" in following
    second = parsed(served, following)
    assert attribute_or(first(second, "ol.hits"), "start") == "3"
    assert second.css_first("a[rel=prev]")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("resigned", None),
        ("resign*", "{}a word like “resign*”"),
        ("resigned OR retired", "{}“resigned”; or {}“retired”"),
        ("resigned -retired", "{}“resigned”; and not ({}“retired”)"),
        ("(resigned OR retired) officer", "({}“resigned”; or {}“retired”); and {}“officer”"),
        ("officer NOT (zebra OR board)", "{}“officer”; and not ({}“zebra”; or {}“board”)"),
    ],
)
def test_the_page_says_how_a_query_was_read(served: Served, query: str, said: str | None) -> None:
    """On one line, with what joins the conditions; nothing where a plain word says the same."""
    line = parsed(served, f"/search?{urlencode({'q': query})}").css_first(".explained")
    want = said and "Looking for: " + said.replace("{}", "text or description has ").translate(
        {0x201C: '"', 0x201D: '"'}
    )
    assert (line and line.text()) == want


def test_a_query_that_cannot_be_read_is_explained(served: Served) -> None:
    """A mistake gives 400, the message, and help on the syntax."""
    answer = served.ask("/search?q=%22open")
    page = LexborHTMLParser(answer.text)
    assert answer.status == 400
    assert page.css_first("[role=alert]")
    assert page.css_first("details.syntax[open]")


def test_a_parameter_that_there_is_not_is_said(served: Served) -> None:
    """The title says that it is the search that is wrong, and the message which parameter."""
    answer = served.ask("/search?frm=8-K", headers={"Accept": "text/html"})
    page = LexborHTMLParser(answer.text)
    assert answer.status == 400
    assert first(page, "h1").text() == "This search cannot be run"
    assert "There is no parameter 'frm'. Did you mean form?" in first(page, "[role=alert]").text()


def test_a_filing_links_to_its_parties_and_documents(served: Served) -> None:
    """Every link of a filing's page leads to a page."""
    page = parsed(served, f"/filing/{FILING}")
    links = [attribute(one, "href") for one in page.css("main a") if attribute(one, "href").startswith("/")]
    assert len(links) > 3
    for link in links:
        assert served.ask(link).status == 200, link


def test_a_filing_and_a_printed_document_can_be_cited(served: Served) -> None:
    """Company, form, date, accession number and EDGAR's URL, which is the one of the search."""
    hit = served.ask(f"/search.json?q={LANTERN}").json()["hits"][0]
    citation = f"MERIDIAN LANTERN CORP, Form 8-K, filed 2004-12-22, {LANTERN}, {hit['url']}"
    assert citation in [one.text() for one in parsed(served, f"/filing/{LANTERN}").css("dd")]
    for view in ("filed", "text"):
        page = parsed(served, f"/filing/{LANTERN}/1?view={view}")
        assert first(page, "main .printed").text() == citation


def test_a_form_type_that_is_a_number_is_called_a_form(served: Served) -> None:
    """``Form 4 of …``, not ``4 of …``, wherever a page names a filing."""
    filing = served.ask("/search.json?form=4").json()["hits"][0]["accession"]
    page = parsed(served, f"/filing/{filing}")
    reader = parsed(served, f"/filing/{filing}/1")
    for named in (first(page, "title"), first(page, "h1"), first(reader, ".crumbs")):
        assert named.text().startswith("Form 4 of ")


def test_the_reader_marks_matches(served: Served) -> None:
    """The words of the query are marked in the text, numbered to jump to."""
    page = parsed(served, f"/filing/{FILING}/1?q=the")
    marks = page.css("article.text mark")
    assert [mark.attributes["id"] for mark in marks] == [f"match-{n}" for n in range(1, len(marks) + 1)]
    assert marks
    assert all(mark.text().lower() == "the" for mark in marks)


@pytest.mark.parametrize(("filing", "is_typed"), [("0009000900-94-000003", True), (FILING, False)])
def test_a_typed_document_keeps_its_columns(served: Served, filing: str, is_typed: bool) -> None:  # noqa: FBT001
    """What was filed as plain text is set in letters of one width."""
    article = first(parsed(served, f"/filing/{filing}/1?view=text"), "article.text")
    assert ("typed" in attribute(article, "class").split()) is is_typed


def test_a_document_as_filed_stands_in_a_sandbox(served: Served) -> None:
    """The frame has no rights, and its source carries the filers' policy."""
    page = parsed(served, f"/filing/{FILING}/1")
    frame = first(page, "iframe")
    assert attribute(frame, "sandbox") == ""
    source = served.ask(attribute(frame, "src"))
    assert source.status == 200
    assert source.headers["content-security-policy"].startswith("sandbox;")


def test_a_company_has_its_filings_by_form_and_year(served: Served) -> None:
    """The numbers of the table add up, and lead to searches with as many hits."""
    cik = served.ask(f"/filing/{FILING}.json").json()["entities"][0]["cik"]
    page = parsed(served, f"/company/{cik}")
    for link in page.css("table.grid td a")[:6]:
        found = parsed(served, attribute(link, "href"))
        assert first(found, "h1").text(strip=True).split()[0] == link.text(strip=True)


@pytest.mark.parametrize(
    "path", ["/search?q=%3Cscript%3Ealert(1)%3C/script%3E", "/search?company=%22%3E%3Cimg%20src=x%3E"]
)
def test_what_is_asked_never_becomes_markup(served: Served, path: str) -> None:
    """Markup in a parameter stays text."""
    page = LexborHTMLParser(served.ask(path).text)
    assert all(attribute(one, "src").startswith("/static/") for one in page.css("script"))
    assert not page.css("main img")


def test_the_script_is_small_and_everything_else_is_without(served: Served) -> None:
    """At most 2 KB of script."""
    assert len(served.ask("/static/script.js").body) <= 2048
    assert not re.search(rb"<script(?! src=\"/static/)", served.ask("/search?q=the").body)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("form=10-K&item=1A", "10-K filings here have no items"),
        ("q=resigned+zebra", "resigned 1, zebra 0, together 0"),
        ("q=resigned&form=8K", "Nothing in this archive has the form 8K"),
        ("q=resigned&since=1993-01-01&until=1995-12-31", "Leave out the dates (1)"),
        ("q=resigned+or+retired", "Search for resigned OR retired (1)"),
        ("q=resign", "Match word forms (2)"),
    ],
)
def test_a_page_without_hits_says_why_and_leads_to_some(served: Served, query: str, text: str) -> None:
    """Each link finds as much as it says."""
    advice = parsed(served, f"/search?{query}").css(".advice li")
    assert any(text in one.text() for one in advice)
    for link in (anchor for one in advice for anchor in one.css("a")):
        count = link.text(strip=True).rpartition("(")[2].rstrip(")")
        assert first(parsed(served, attribute(link, "href")), "h1").text(strip=True).split()[0] == count

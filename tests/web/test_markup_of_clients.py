"""What clients that cannot be installed here read of EDGAR's pages: edgar-crawler (a script) and edgarWebR (in R).

Each walks nodes by their place, so that blanks between elements and attributes that nobody sees count.
"""

from __future__ import annotations

import io
import zipfile

import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.web.served import Served, attribute, first

FILING = "0009000900-21-000150"
CIK = 9000007
QUARTER = "/Archives/edgar/full-index//2021/QTR1/master.zip"


@pytest.fixture(scope="module")
def row(served: Served) -> list[str]:
    """The filing's row in the master index, as edgar-crawler reads it: eleven head lines, and every other is a row."""
    answer = served.ask(QUARTER)
    assert answer.status == 200
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        lines = archive.read("master.idx").decode("latin-1").splitlines()
    rows = [line.split("|") for line in lines[11:]]
    assert all(len(one) == 5 for one in rows)
    [found] = [one for one in rows if FILING in one[4]]
    return found


def _contents(node: LexborNode) -> list[LexborNode]:
    """The nodes in an element, text among them."""
    return list(node.iter(include_text=True))


@pytest.fixture(scope="module")
def page(served: Served, row: list[str]) -> LexborHTMLParser:
    """The filing's page, at the address that edgar-crawler makes of the row."""
    answer = served.ask("/Archives/" + row[4].replace(".txt", "-index.html"))
    assert answer.status == 200
    return LexborHTMLParser(answer.text)


def test_a_report_is_found_in_the_table_by_the_place_of_its_cells(page: LexborHTMLParser, served: Served) -> None:
    """The fourth cell is the eighth node of a row; every table of the page says what it is."""
    assert all("summary" in table.attributes for table in page.css("table"))
    table = first(page, 'table[summary="Document Format Files"]')
    rows = [_contents(row) for row in table.css("tr")[1:]]
    [report] = [one for one in rows if one[7].text() == "10-K"]
    link = attribute(first(report[5], "a"), "href").replace("ix?doc=/", "")
    assert link.endswith(".htm")
    assert served.ask(link).status == 200
    [whole] = [one for one in rows if one[3].text() == "Complete submission text file"]
    assert served.ask(attribute(first(whole[5], "a"), "href")).status == 200


def test_dates_follow_their_headings_after_one_blank(page: LexborHTMLParser) -> None:
    """The next node but one is the value; without a period of report edgar-crawler gives a filing up."""
    for heading, value in (("Filing Date", "2021-02-26"), ("Period of Report", "2020-12-31")):
        [head] = [one for one in page.css("div.infoHead") if one.text() == heading]
        assert head.next is not None
        assert head.next.next is not None
        assert head.next.next.text() == value


def test_the_companys_facts_stand_in_its_line(page: LexborHTMLParser) -> None:
    """State and fiscal year after their labels, the SIC code in a link that names it."""
    line = first(page, "div.companyInfo p.identInfo")
    labels = [part.split(":")[0].strip() for part in line.text().split("|")]
    assert "State of Incorp." in labels or any(label.endswith("State of Incorp.") for label in labels)
    assert "Fiscal Year End: 1231" in " ".join(line.text().split())
    assert first(page, '.identInfo a[href*="SIC"]').text().isdigit()


def test_the_companys_page_has_its_name_and_facts(served: Served) -> None:
    """edgar-crawler asks for it once for each company, without an action."""
    answer = served.ask(f"/cgi-bin/browse-edgar?CIK={CIK}")
    page = LexborHTMLParser(answer.text)
    assert answer.status == 200
    name = _contents(first(page, "div.companyInfo span.companyName"))[0].text().strip()
    assert name == "BRAMBLECORN FOODS, INC."
    links = [attribute(one, "href") for one in page.css("div.companyInfo p.identInfo a")]
    assert any("&SIC=" in link for link in links)
    assert any("&State=" in link for link in links)


def test_edgarwebr_finds_documents_and_filers(page: LexborHTMLParser) -> None:
    """Its columns are the cells of both tables, by number."""
    rows = page.css('table[summary="Document Format Files"] tr')
    cells = [row.css("td") for row in rows if not row.css("th")]
    assert cells
    assert all(len(one) == 5 for one in cells)
    assert [one[0].text(strip=True) for one in cells][:2] == ["1", "2"]
    assert all(first(one[2], "a").attributes["href"] for one in cells)
    assert page.css("#filerDiv, .filerDiv")
    assert first(page, "#secNum").text(strip=True).endswith(FILING)


def test_edgarwebr_searches_by_json(served: Served) -> None:
    """Its POST has plain texts beside lists, and a page beside the offset."""
    body = b'{"q": "bramble*", "category": "custom", "forms": ["10-K"], "startdt": "2021-01-01", "enddt": "2021-12-31"}'
    headers = {"Content-Type": "application/json"}
    answer = served.ask("/LATEST/search-index", method="POST", headers=headers, body=body)
    assert answer.status == 200
    hit, *others = answer.json()["hits"]["hits"]
    assert all(one["_source"]["adsh"] == FILING for one in others)
    source = hit["_source"]
    assert (source["adsh"], source["root_forms"], source["ciks"]) == (FILING, ["10-K"], [f"{CIK:010d}"])
    assert hit["_id"].partition(":")[0] == FILING

"""EDGAR's own URLs: what its clients ask for, in the shapes that they read."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from selectolax.lexbor import LexborHTMLParser

from archiver.listings.master_index import parse_master_index, unpack_master_index
from archiver.model import MasterIndexEntry
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import Library, Selection, import_submissions, sync_archive
from edgarchive.web.keys import ARCHIVE
from indexer.update.update import index_archive
from tests.edgar_fixtures import FAST, IDENTITY, pace_file
from tests.paths import INVENTED
from tests.unit.archives import keep
from tests.unit.submissions import ACCESSION, crowded_submission, submission_bytes
from tests.web.served import Served, first
from tests.web.xbrl import with_xbrl

FILING = "0009000900-19-000212"
_DATA = "/Archives/edgar/data"
_ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def cik(invented_archive: Path) -> int:
    """The CIK of a company that has filed FILING."""
    with Library(invented_archive) as library:
        return int(library.submission(FILING).header.entities[0].cik or 0)


def test_a_submission_is_served_byte_for_byte(served: Served, cik: int) -> None:
    """At each of its places, decoded or as gzip, with its MD5 as ETag; ranges are ignored."""
    original = (INVENTED / f"{FILING}.txt").read_bytes()
    for path in (f"{_DATA}/{cik}/{FILING}.txt", f"{_DATA}/{cik}/{FILING.replace('-', '')}/{FILING}.txt"):
        plain = served.ask(path, headers={"Accept-Encoding": "identity", "Range": "bytes=0-9"})
        packed = served.ask(path, headers={"Accept-Encoding": "gzip"})
        assert (plain.status, plain.body) == (200, original)
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body) == original
        assert plain.headers["etag"] == packed.headers["etag"] == f'"{hashlib.md5(original).hexdigest()}"'  # noqa: S324


def test_leading_zeros_are_redirected_and_double_slashes_collapse(served: Served, cik: int) -> None:
    """As EDGAR does, and as some clients need."""
    answer = served.ask(f"{_DATA}/000{cik}/{FILING}.txt")
    assert (answer.status, answer.headers["location"]) == (301, f"{_DATA}/{cik}/{FILING}.txt")
    assert served.ask(f"/Archives//edgar//data/{cik}/{FILING}.txt").status == 200


def test_what_is_absent_is_s3s_no_such_key(served: Served, cik: int) -> None:
    """EDGAR's clients tell by it that there is no such filing."""
    for path in (f"{_DATA}/1/0000000001-99-000001.txt", f"{_DATA}/{cik}/{FILING.replace('-', '')}/none.htm"):
        answer = served.ask(path)
        assert (answer.status, answer.headers["content-type"]) == (404, "application/xml; charset=utf-8")
        assert b"<Code>NoSuchKey</Code>" in answer.body


@pytest.mark.parametrize("kind", ["master", "form", "company", "crawler"])
def test_a_quarters_indexes_list_what_is_held(served: Served, invented_archive: Path, kind: str) -> None:
    """Each kind, as text, gzip file and zip file, has a row for each entity of each filing."""
    with Library(invented_archive) as library:
        hits = library.search(since="2019-04-01", until="2019-06-30", limit=None, snippets=False)
        expected = sorted({(str(hit.accession), int(one.cik)) for hit in hits for one in hit.entities if one.cik})
    assert expected
    base = f"/Archives/edgar/full-index/2019/QTR2/{kind}"
    text = served.ask(f"{base}.idx").body
    packed = served.ask(f"{base}.gz")
    assert "content-encoding" not in packed.headers
    assert gzip.decompress(packed.body) == text
    with zipfile.ZipFile(io.BytesIO(served.ask(f"{base}.zip").body)) as archive:
        assert archive.read(f"{kind}.idx") == text
    lines = text.decode("latin-1").splitlines()
    dashes = next(number for number, line in enumerate(lines) if line.startswith("-----"))
    rows = lines[dashes + 1 :]
    if kind == "master":
        assert dashes == 10
        found = sorted((str(row.accession), int(row.cik)) for row in parse_master_index(text))
        assert found == expected
    else:
        found = sorted((row.split("/")[-1][:20], int(row.split("  ")[-1].strip().split("/")[-2])) for row in rows)
        assert [accession for accession, _ in found] == [accession for accession, _ in expected]
    assert len(rows) == len(expected)


def test_a_quarters_index_of_xbrl(tmp_path: Path) -> None:
    """The filings with XBRL data or a schema of inline XBRL, and no other, after ten lines."""
    with Archive.open(tmp_path / "archive", writable=True, create=True) as archive:
        keep(archive, "0009999999-09-000000", with_xbrl("0009999999-09-000000"))
        keep(archive, "0009999999-09-000001", with_xbrl("0009999999-09-000001", xbrl=False))
        index_archive(archive)
    base = "/Archives/edgar/full-index/2009/QTR4"
    with Served(tmp_path / "archive") as server:
        lines = server.ask(f"{base}/xbrl.idx").text.splitlines()
        assert lines[9].startswith("-----")
        assert [line.rpartition("/")[2] for line in lines[10:]] == ["0009999999-09-000000.txt"]
        assert gzip.decompress(server.ask(f"{base}/xbrl.gz").body).decode().splitlines() == lines
        assert "xbrl.idx" in server.ask(f"{base}/").text


@pytest.mark.parametrize(
    "path", ["full-index/0000/", "daily-index/0000/index.json", "full-index/1992/", "daily-index/9999/"]
)
def test_there_are_no_years_before_or_after_edgars(served: Served, path: str) -> None:
    """Not even one that no calendar has."""
    assert served.ask(f"/Archives/edgar/{path}").status == 404


def test_every_quarter_since_1993_has_a_valid_index(served: Served) -> None:
    """A quarter without filings has an index without rows."""
    lines = served.ask("/Archives/edgar/full-index/1993/QTR1/form.idx").text.splitlines()
    assert lines[-1].startswith("-----")
    assert served.ask("/Archives/edgar/full-index/1992/QTR4/form.idx").status == 404


def test_edgars_own_indexes_can_be_served_instead(synced_archive: Path) -> None:
    """With ``--index edgar`` the rows are those of the archive's copies; a quarter without a copy is absent."""
    with Library(synced_archive) as library, Served(synced_archive, index="edgar") as server:
        copy = library.stored.master_index(2019, 2)
        assert copy is not None
        rows = [tuple(row) for row in _rows(parse_master_index(unpack_master_index(copy)))]
        base = "/Archives/edgar/full-index/2019/QTR2"
        assert [tuple(row) for row in _rows(parse_master_index(server.ask(f"{base}/master.idx").body))] == rows != []
        assert len(server.ask(f"{base}/form.idx").text.partition("-----")[2].splitlines()) == len(rows) + 1
        assert server.ask(f"{base}/xbrl.idx").status == 404


def _rows(entries: Iterable[MasterIndexEntry]) -> list[tuple[str, ...]]:
    return sorted((str(one.accession), str(one.cik), str(one.form), str(one.filing_date)) for one in entries)


def test_daily_indexes_are_listed_and_served(served: Served) -> None:
    """The folder's list names the days that have filings; each can be read."""
    folder = "/Archives/edgar/daily-index/2019/QTR2"
    names = [item["name"] for item in served.ask(f"{folder}/index.json").json()["directory"]["item"]]
    masters = [name for name in names if name.startswith("master.")]
    assert masters
    page = served.ask(f"{folder}/").text
    for name in masters:
        assert name in page
        rows = list(parse_master_index(served.ask(f"{folder}/{name}").body))
        assert {row.filing_date for row in rows} == {date.fromisoformat(name[7:15])}


def test_a_filings_page_has_edgars_markup(served: Served, cik: int) -> None:
    """Classes, ids, table summaries and the row of the complete submission, as clients look for them."""
    folder = f"{_DATA}/{cik}/{FILING.replace('-', '')}"
    for path in (
        f"{folder}/{FILING}-index.htm",
        f"{_DATA}/{cik}/{FILING}-index.html",
        f"{_DATA}/{FILING.replace('-', '')}/{FILING}-index.html",
    ):
        page = LexborHTMLParser(served.ask(path).text)
        assert FILING in first(page, "#secNum").text()
        assert first(page, "#formName strong").text().startswith("Form ")
        table = first(page, 'table.tableFile[summary="Document Format Files"]')
        assert "Complete submission text file" in table.text()
        assert page.css_first("#filerDiv.filerDiv .companyName")
        heads = [one.text() for one in page.css(".infoHead")]
        assert heads[:4] == ["Filing Date", "Accepted", "Documents", "Period of Report"]


def test_a_folder_lists_and_serves_its_documents(served: Served, cik: int, invented_archive: Path) -> None:
    """Each document of the filing has its own address, with the bytes that were filed."""
    folder = f"{_DATA}/{cik}/{FILING.replace('-', '')}"
    listing = served.ask(f"{folder}/index.json").json()["directory"]
    assert listing["name"] == folder.removeprefix("/Archives").join(["/Archives", ""]) or listing["name"].endswith(
        folder[-18:]
    )
    with Library(invented_archive) as library:
        documents = library.submission(FILING).documents
    for document in documents:
        if document.filename:
            answer = served.ask(f"{folder}/{document.filename}")
            assert answer.body == document.content()
            assert answer.headers["content-security-policy"].startswith("sandbox")
            assert document.filename in {item["name"] for item in listing["item"]}


def test_a_companys_filings_have_every_column(served: Served, cik: int) -> None:
    """data.sec.gov's columns, all of one length, with acceptance in UTC."""
    company = served.ask(f"/submissions/CIK{cik:010d}.json").json()
    recent = company["filings"]["recent"]
    assert {len(column) for column in recent.values()} == {len(recent["accessionNumber"])}
    assert FILING in recent["accessionNumber"]
    assert all(moment.endswith("Z") for moment in recent["acceptanceDateTime"])
    assert company["filings"]["files"] == []
    assert company["name"]
    assert served.ask("/submissions/CIK0999999999.json").status == 404


def test_the_newest_filings_come_as_edgars_feed(served: Served) -> None:
    """An entry for each party of each filing, titled as EDGAR titles it."""
    feed = ET.fromstring(served.ask("/cgi-bin/browse-edgar?action=getcurrent&output=atom&count=100").body)  # noqa: S314
    entries = feed.findall(f"{_ATOM}entry")
    assert entries
    for entry in entries:
        title = str(entry.findtext(f"{_ATOM}title"))
        assert title.rsplit("(", 2)[1][:10].isdigit(), title
        assert "<b>AccNo:</b>" in str(entry.findtext(f"{_ATOM}summary"))


def test_a_page_beyond_the_feeds_end_reads_no_filing(invented_archive: Path) -> None:
    """EDGAR's feed ends at 5 100 entries; whoever asks for a later page costs the server nothing."""
    with Served(invented_archive) as fresh:
        answer = fresh.ask("/cgi-bin/browse-edgar?action=getcurrent&output=atom&start=999999999&count=100")
        assert (answer.status, b"<entry>" in answer.body) == (200, False)
        assert not fresh.app[ARCHIVE]._facts._values


def _current(served: Served, parameters: str) -> list[str]:
    """The titles of the entries of a page of the feed."""
    feed = ET.fromstring(served.ask(f"/cgi-bin/browse-edgar?action=getcurrent&output=atom&{parameters}").body)  # noqa: S314
    return [str(entry.findtext(f"{_ATOM}title")) for entry in feed.iter(f"{_ATOM}entry")]


def test_the_feed_ends_with_an_empty_page(served: Served) -> None:
    """Pages follow each other without gap; past the last one, and past EDGAR's 5 100 entries, a page is empty."""
    every = _current(served, "count=100")
    assert 10 < len(every) < 100
    assert _current(served, "count=10") + _current(served, "count=100&start=10") == every
    for start in (len(every), 5_000, 5_100, 10**9 - 1):
        assert _current(served, f"count=100&start={start}") == []


@pytest.mark.parametrize("form", ["", "4", "8-K", "10"])
def test_the_feed_leaves_insiders_out_or_has_only_them(served: Served, form: str) -> None:
    """A page is full whatever the newest filings are, as filings are left out before the page is cut."""
    every = _current(served, f"count=100&type={form}")
    insiders = [title for title in every if re.match("[345](/A)? - ", title)]
    others = [title for title in every if title not in insiders]
    assert _current(served, f"count=100&type={form}&owner=only") == insiders
    assert _current(served, f"count=100&type={form}&owner=exclude") == others
    assert _current(served, f"count=10&type={form}&owner=only") == insiders[:10]
    assert _current(served, f"count=10&type={form}&owner=exclude") == others[:10]


def test_a_company_is_browsed_as_xml_atom_and_page(served: Served, cik: int) -> None:
    """Each output names the company's filings."""
    base = f"/cgi-bin/browse-edgar?action=getcompany&CIK={cik}"
    xml = ET.fromstring(served.ask(f"{base}&output=xml").body)  # noqa: S314
    assert any(FILING in str(one.findtext("filingHREF")) for one in xml.iter("filing"))
    atom = ET.fromstring(served.ask(f"{base}&output=atom").body)  # noqa: S314
    assert any(FILING in str(one.text) for one in atom.iter(f"{_ATOM}id"))
    page = LexborHTMLParser(served.ask(base).text)
    assert f"{cik:010d}" in first(page, ".companyName a").text()
    assert page.css_first('table[summary="Results"]')


def test_another_archive_mirrors_this_one(served: Served, invented_archive: Path, tmp_path: Path) -> None:
    """What is served passes every check that EDGAR's own answers pass; the second run finds nothing new."""
    settings = Settings(root=tmp_path / "copy", base_url=served.base_url, user_agent=IDENTITY, rate=FAST, jobs=1)
    wanted = Selection(["8-K*"], since="2019-01-01", until="2022-12-31")
    reports = [sync_archive(wanted, settings=settings) for _ in range(2)]
    assert [(one.stored, one.present, one.failed) for one in reports] == [(2, 0, 0), (0, 2, 0)]
    with Library(invented_archive) as one, Library(settings.root) as other:
        assert other.raw(FILING) == one.raw(FILING)
    pace_file(served).unlink()


def test_full_text_search_answers_as_efts(served: Served) -> None:
    """All keys of an answer and of a hit, exact totals; GET and POST say the same."""
    got = served.ask("/LATEST/search-index?q=the&forms=8-K&size=5").json()
    posted = served.ask(
        "/LATEST/search-index", method="POST", body=json.dumps({"q": "the", "forms": ["8-K"], "size": 5}).encode()
    ).json()
    got["took"] = posted["took"] = 0
    assert got["hits"] == posted["hits"]
    assert {"took", "timed_out", "_shards", "hits", "aggregations", "query"} == set(got)
    assert got["hits"]["total"]["relation"] == "eq"
    hit = got["hits"]["hits"][0]
    source = hit["_source"]
    assert hit["_id"].startswith(f"{source['adsh']}:")
    assert all(
        isinstance(source[name], list) for name in ("ciks", "display_names", "file_num", "items", "sics", "biz_states")
    )
    assert all("  (CIK " in name for name in source["display_names"])
    assert {source["root_forms"][0] for source in (one["_source"] for one in got["hits"]["hits"])} == {"8-K"}


def test_a_hit_is_the_document_with_the_words(tmp_path: Path) -> None:
    """Also where filers give several documents one sequence number, or none; the page links to what has no number."""
    for name, sequence in (("same", "<SEQUENCE>1\n"), ("none", "")):
        documents = "".join(
            f"<DOCUMENT>\n<TYPE>EX-99\n{sequence}<FILENAME>{word}.txt\n<TEXT>\n{word}\n</TEXT>\n</DOCUMENT>\n"
            for word in ("alpha", "beta")
        )
        (tmp_path / f"{name}.txt").write_bytes(submission_bytes(documents=documents))
        import_submissions([tmp_path / f"{name}.txt"], settings=Settings(root=tmp_path / name))
        with Served(tmp_path / name) as served:
            [hit] = served.ask("/LATEST/search-index?q=beta").json()["hits"]["hits"]
            assert hit["_id"].endswith(":beta.txt")
            number, place = ("1", "&amp;place=2") if sequence else ("2", "")
            assert (
                f"/filing/{ACCESSION}/{number}?{place[5:]}{place and '&amp;'}q=beta"
                in served.ask("/search?q=beta").text
            )
            query = place.replace("&amp;", "?")
            assert served.ask(f"/filing/{ACCESSION}/{number}.txt{query}").text.strip() == "beta"
            page = served.ask(f"/filing/{ACCESSION}/{number}{query}").text
            assert f'href="/filing/{ACCESSION}/{number}.txt{query}"' in page
            assert f'href="/filing/{ACCESSION}/1"' in page  # the previous one
            listed = served.ask(f"/filing/{ACCESSION}").text
            assert f'href="/filing/{ACCESSION}/1"' in listed
            assert f'href="/filing/{ACCESSION}/{number}{query}"' in listed


@pytest.mark.parametrize(
    ("asked", "accessions"),
    [
        ("locationCodes=IA", ["0009000900-21-000150"]),
        ("locationCodes=IA&locationType=located", ["0009000900-21-000150"]),
        ("filter_location=IA", ["0009000900-21-000150"]),
        ("locationCodes=IA&locationType=incorporated", []),
        ("locationCodes=VT,IA", ["0009000900-04-000101", "0009000900-20-000033", "0009000900-21-000150"]),
        ("locationCodes=DE&locationType=incorporated&filter_forms=10-K", ["0009000900-21-000150"]),
        ("locationCodes=DE&filter_forms=10-K", []),
    ],
)
def test_full_text_search_takes_a_location(served: Served, asked: str, accessions: list[str]) -> None:
    """It is that of the business address, unless the state of incorporation is asked for."""
    found = served.ask(f"/LATEST/search-index?q=&{asked}&size=100").json()["hits"]
    assert sorted({hit["_source"]["adsh"] for hit in found["hits"]}) == accessions


@pytest.mark.parametrize(
    ("asked", "narrowed"),
    [
        ("forms=8-K,10-K", "filter_forms=10-K"),
        ("ciks=9000001,9000004", "filter_ciks=9000004"),
        ("locationCodes=VT,IA", "filter_location=IA"),
    ],
)
def test_a_filter_of_full_text_search_narrows(served: Served, asked: str, narrowed: str) -> None:
    """What EDGAR's page adds for a chosen facet excludes the rest, whatever was asked before."""
    wide, both, alone = (
        {hit["_id"] for hit in served.ask(f"/LATEST/search-index?{query}").json()["hits"]["hits"]}
        for query in (asked, f"{asked}&{narrowed}", narrowed)
    )
    assert both == wide & alone
    assert both < wide
    assert both


def test_full_text_search_takes_an_entity_as_it_displays_it(served: Served) -> None:
    """EDGAR's page sends the chosen name with its CIK; several spaces may have become one."""
    hit = served.ask("/LATEST/search-index?forms=8-K").json()["hits"]["hits"][0]["_source"]
    shown, cik = hit["display_names"][0], hit["ciks"][0]
    expected = served.ask(f"/LATEST/search-index?ciks={cik}").json()["hits"]["total"]
    for name in (shown, " ".join(shown.split())):
        assert served.ask(f"/LATEST/search-index?entityName={quote(name)}").json()["hits"]["total"] == expected


@pytest.mark.parametrize("query", ["q=", "q=the"])
def test_full_text_search_counts_what_it_finds(served: Served, query: str) -> None:
    """The counts by state of the business address and by SIC code are those of all hits."""
    answer = served.ask(f"/LATEST/search-index?{query}&size=100").json()
    hits = [hit["_source"] for hit in answer["hits"]["hits"]]
    assert len(hits) == answer["hits"]["total"]["value"]
    for name, values in (("biz_states_filter", "biz_states"), ("sic_filter", "sics")):
        expected = Counter(value for hit in hits for value in hit[values])
        assert {one["key"]: one["doc_count"] for one in answer["aggregations"][name]["buckets"]} == expected


def test_full_text_search_finds_an_accession_number(served: Served) -> None:
    """A number as the query is looked up, and names no other filing."""
    found = served.ask(f"/LATEST/search-index?q=%22{FILING}%22").json()["hits"]
    assert {hit["_source"]["adsh"] for hit in found["hits"]} == {FILING}
    assert found["total"]["value"] == len(found["hits"])


@pytest.mark.parametrize("body", [b"[", b"[]", b"1", b"\xff", b'{"q": NaN}', b'{"size": Infinity}'])
def test_a_body_that_is_none_is_the_clients_mistake(served: Served, body: bytes) -> None:
    """400, and what to send."""
    assert served.ask("/LATEST/search-index", method="POST", body=body).status == 400


def test_ticker_lists_are_valid_without_any_ticker(served: Served) -> None:
    """An archive that has never asked for tickers has empty lists."""
    assert served.ask("/files/company_tickers.json").json() == {}
    assert served.ask("/files/company_tickers_exchange.json").json()["data"] == []


def test_entities_and_names_do_not_multiply_with_the_hits_of_their_filing(tmp_path: Path) -> None:
    """A filer decides on all three numbers."""
    with Archive.open(tmp_path / "edgar", writable=True, create=True) as archive:
        keep(archive, ACCESSION, crowded_submission(documents=30))
        index_archive(archive)
    with Served(tmp_path / "edgar") as fresh:
        answer = fresh.ask("/LATEST/search-index?q=merger&size=100")
    assert len(answer.json()["hits"]["hits"]) == 30
    assert len(answer.body) < 3_000_000

"""What every request must pass, and what every response carries."""

from __future__ import annotations

import pytest

from tests.web.served import Served

FILING = "0009000900-19-000212"
RAW = f"/Archives/edgar/data/9000910/{FILING}.txt"
PAGES = ("/", "/search?q=the", f"/filing/{FILING}", f"/filing/{FILING}/1", "/status.json", "/static/style.css")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil", "", "[::2]", "a b"])
def test_another_host_is_not_answered(served: Served, host: str) -> None:
    """A page that rebinds its name to this machine reads nothing."""
    assert served.ask("/search.json?q=the", headers={"Host": host}).status in {400, 421}


@pytest.mark.parametrize("url", ["http://evil.example/search.atom?q=the", "http://localhost@evil.example/healthz"])
def test_another_host_in_the_request_line_is_not_answered(served: Served, url: str) -> None:
    """It counts instead of the header: links in the answer would lead there."""
    assert served.ask(url, headers={"Host": "localhost"}).status == 421
    assert served.ask(url.replace("evil.example", "localhost"), headers={"Host": "evil.example"}).status == 421
    assert served.ask("http://localhost:80/healthz", headers={"Host": "localhost"}).status == 200


@pytest.mark.parametrize("path", ["/search.atom", "/opensearch.xml", "/"])
def test_a_port_that_is_none_is_the_clients_mistake(served: Served, path: str) -> None:
    """Pages with absolute links repeat the host and its port."""
    assert served.ask(path, headers={"Host": "localhost:65536"}).status == 421


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:9", "[::1]:80", "www.sec.gov", "DATA.sec.gov", "efts.sec.gov"]
)
def test_our_hosts_and_edgars_are_answered(served: Served, host: str) -> None:
    """A hosts entry leads EDGAR's clients here."""
    assert served.ask("/healthz", headers={"Host": host}).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/search.json", RAW])
def test_the_archive_is_read_only(served: Served, method: str, path: str) -> None:
    """Only GET and HEAD are allowed."""
    answer = served.ask(path, method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET,HEAD")


@pytest.mark.parametrize("path", PAGES)
def test_our_pages_allow_nothing_from_elsewhere(served: Served, path: str) -> None:
    """Our pages carry our policy."""
    headers = served.ask(path).headers
    assert headers["content-security-policy"].startswith("default-src 'self'; base-uri 'none'")
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


@pytest.mark.parametrize("path", [RAW, f"/filing/{FILING}/1.txt"])
def test_what_filers_wrote_is_never_active(served: Served, path: str) -> None:
    """Filers' bytes carry the sandbox."""
    assert served.ask(path).headers["content-security-policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/Archives/edgar/data/1/../../../../etc/passwd",
        f"/Archives/edgar/data/9000910/{FILING.replace('-', '')}/../../../format.json",
        f"/Archives/edgar/data/9000910/{FILING.replace('-', '')}/%2e%2e%2fformat.json",
        "/filing/..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
    ],
)
def test_no_path_leaves_the_archive(served: Served, path: str) -> None:
    """Paths name filings and documents, never files."""
    assert served.ask(path).status == 404


def test_head_sends_no_body(served: Served) -> None:
    """HEAD is GET without its body."""
    for path in (*PAGES, RAW, "/search.csv?q=the"):
        answer = served.ask(path, method="HEAD")
        assert (answer.status, answer.body) == (200, b"")


def test_thousands_of_parameters_are_refused(served: Served) -> None:
    """A request with too many parameters is the client's mistake."""
    query = "&".join(f"form={number}" for number in range(1000))
    assert served.ask(f"/search.json?{query}").status == 400

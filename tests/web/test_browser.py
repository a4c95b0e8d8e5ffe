"""The pages in a real Chromium: accessible, narrow, dark, by keyboard, without script, safe with hostile filings.

Debian's ``chromium``, driven by playwright; skipped where it is not installed.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

from archiver.settings.settings import Settings
from edgarchive import import_submissions
from tests.paths import INVENTED
from tests.web import hostile_filing
from tests.web.served import Served

FILING = "0009000900-04-000101"
PAGES = {
    "start": "/",
    "search": "/search?q=resigned+OR+the",
    "filters": "/search?q=the&form=8-K&range=all&since=1994-01-01",
    "nothing": "/search?q=xyzzyplugh",
    "mistake": "/search?q=%22open",
    "filing": f"/filing/{FILING}",
    "reader": f"/filing/{FILING}/1",
    "text": f"/filing/{FILING}/1?q=the",
    "company": "/company/9000001",
    "absent": "/filing/0000000001-99-000001",
    "long filing": f"/filing/{hostile_filing.LONG_ACCESSION}",
    "long reader": f"/filing/{hostile_filing.LONG_ACCESSION}/1?q=long",
    "long company": "/company/321",
    "long search": "/search?q=long&company=321&type=" + "10-K" * 30,
}
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_QUIET = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium, with a fresh profile."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("no chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        options: dict[str, Any] = {"args": [*_QUIET, "--disable-component-update", "--no-sandbox"]}
        with playwright.chromium.launch(executable_path=executable, **options) as started:
            yield started


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The invented submissions and a hostile one, served."""
    folder = tmp_path_factory.mktemp("browser")
    (folder / f"{hostile_filing.ACCESSION}.txt").write_bytes(hostile_filing.hostile_filing())
    (folder / f"{hostile_filing.LONG_ACCESSION}.txt").write_bytes(hostile_filing.long_names())
    import_submissions([INVENTED, folder], settings=Settings(root=folder / "archive"))
    with Served(folder / "archive") as served:
        yield served


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
def test_every_page_is_accessible(browser: Browser, server: Served, scheme: Any, width: int) -> None:
    """axe-core finds nothing, nothing scrolls sideways, and no script fails."""
    problems: list[str] = []
    with browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800}) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        for name, path in PAGES.items():
            page.goto(server.base_url + path)
            found = Axe().run(page, options={"runOnly": _RULES, "iframes": False}).response["violations"]
            problems += [f"{name}: {one['id']}: {[node['html'] for node in one['nodes']]}" for one in found]
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                problems.append(f"{name} scrolls sideways")
    assert problems == []


def test_search_and_reading_by_keyboard_alone(browser: Browser, server: Served) -> None:
    """From the start page to a hit, its text, and from match to match, without a mouse."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{server.base_url}/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent").lower().startswith("skip")
        _tab_to(page, "document.activeElement.matches('main input[name=q]')")
        page.keyboard.type("director")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/search[?]"), timeout=10_000)
        _tab_to(page, "document.activeElement.matches('.hits h2 a')")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/filing/"), timeout=10_000)
        assert page.locator("mark.current").count() == 1
        before = page.locator("#match-count").text_content()
        page.keyboard.press("n")
        assert page.locator("#match-count").text_content() != before


def test_a_narrow_table_breaks_no_form_type(browser: Browser, server: Served) -> None:
    """On a phone the table scrolls; a form type stays on one line."""
    with browser.new_context(viewport={"width": 390, "height": 800}) as context:
        page = context.new_page()
        page.goto(f"{server.base_url}/company/9000001")
        height = "document.querySelector('.grid tbody th a').getClientRects().length"
        assert page.evaluate(height) == 1


def test_a_printed_document_says_where_it_is_from_and_that_it_is_cut(browser: Browser, server: Served) -> None:
    """Paper shows as much of the frame as a screen does: it says so, as it says what was printed; a screen does not."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{server.base_url}/filing/{FILING}/1")
        assert page.locator(".printed:visible").count() == 0
        page.emulate_media(media="print")
        printed = page.locator(".printed:visible").all_text_contents()
        assert FILING in printed[0]
        assert "ends where the frame ends" in printed[1]
        page.goto(f"{server.base_url}/filing/{FILING}/1?view=text")
        assert page.locator(".printed:visible").count() == 1


def _tab_to(page: Page, condition: str) -> None:
    for _ in range(80):
        if page.evaluate(condition):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab never leads to {condition}")


def test_everything_works_without_script(browser: Browser, server: Served) -> None:
    """The form, the filters, the hits and the text with its matches."""
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{server.base_url}/")
        page.locator("main input[name=q]").fill("the")
        page.locator("main form button").first.click()
        page.locator(".facets a").last.click()
        page.locator(".hits h2 a").first.click()
        assert page.locator("article.text mark").count() > 0
        page.get_by_text("First match").click()
        assert page.url.endswith("#match-1")


@pytest.mark.parametrize(
    "path",
    [
        f"/filing/{hostile_filing.ACCESSION}",
        f"/filing/{hostile_filing.ACCESSION}/1",
        f"/filing/{hostile_filing.ACCESSION}/1?q=hostile",
        f"/filing/{hostile_filing.ACCESSION}/2",
        "/search?q=hostile",
        f"/Archives/edgar/data/320/{hostile_filing.ACCESSION.replace('-', '')}/a.htm",
        f"/Archives/edgar/data/320/{hostile_filing.ACCESSION.replace('-', '')}/b.svg",
        f"/Archives/edgar/data/320/{hostile_filing.ACCESSION.replace('-', '')}/{hostile_filing.ACCESSION}-index.htm",
        f"/Archives/edgar/data/320/{hostile_filing.ACCESSION.replace('-', '')}/",
    ],
)
def test_a_hostile_filing_does_nothing(browser: Browser, server: Served, path: str) -> None:
    """No script of it runs, nothing from elsewhere is loaded, no page of ours is read or left."""
    with browser.new_context() as context:
        page = context.new_page()
        elsewhere: list[str] = []
        dialogs: list[str] = []
        asked: list[str] = []

        def dismiss(dialog: Dialog) -> None:
            dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", dismiss)
        page.on("requestfinished", lambda request: asked.append(request.url))
        page.on("response", lambda answer: elsewhere.append(answer.url))
        page.goto(server.base_url + path)
        for frame in page.frames:
            if (link := frame.query_selector("#link")) is not None:
                link.click(timeout=2000)
        page.wait_for_timeout(200)
        assert not dialogs
        assert "ran" not in page.title().split()
        assert page.title() != "escaped"
        assert page.url == server.base_url + path
        assert all(url.startswith(server.base_url) for url in [*elsewhere, *asked])
        assert not any(url.endswith("/status.json") for url in asked)


_EMBEDDED = """address => new Promise(end => {
  const one = document.createElement("object");
  one.onload = one.onerror = event => end(event.type);
  one.data = address;
  document.body.append(one);
})"""


def test_another_site_cannot_find_out_which_filings_are_held(browser: Browser, server: Served) -> None:
    """Embedded in its page, a filing that is held ends like one that is not."""
    held, other = (f"00090009{number}-19-000212" for number in ("00", "99"))
    with browser.new_context() as context:
        page = context.new_page()
        page.set_content("<body></body>")
        for path in ("/filing/{}", "/filing/{}.json", "/filing/{}/1.txt", "/Archives/edgar/data/9000910/{}.txt"):
            ends = [page.evaluate(_EMBEDDED, server.base_url + path.format(one)) for one in (held, other)]
            assert ends[0] == ends[1], path

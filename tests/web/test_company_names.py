"""Companies by name: for completion, and in EDGAR's list of companies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from archiver.settings.settings import Settings
from edgarchive import import_submissions
from edgarchive.web.edgar.names import _FILINGS
from tests.unit.submissions import submission_bytes
from tests.web.served import Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Three companies: one with many filings, and two with an older one each."""
    folder = tmp_path_factory.mktemp("named")
    for number in range(_FILINGS + 5):
        accession = f"0001193125-04-{number:06d}"
        data = submission_bytes(accession)
        if number < 2:
            data = data.replace(b"20041222\n", b"20041201\n").replace(b"0000000320", f"{7 + number:010d}".encode())
            data = data.replace(b"ACME NETWORK CORP/WA", b"SAND CORP").replace(
                b"ACME WIDGETS INC", [b"ACME WIRES LTD", b"WIDE ACME CORP"][number]
            )
        (folder / f"{accession}.txt").write_bytes(data)
    import_submissions([folder], settings=Settings(root=folder / "edgar", jobs=1))
    with Served(folder / "edgar") as server:
        yield server


def test_a_company_with_many_filings_does_not_hide_others(served: Served) -> None:
    """Each of the newest filings with a name, now or before, may be the same company's."""
    for typed, ciks in (
        ("acme", {320, 7, 8}),
        ("acme wi", {320, 7, 8}),
        ("acme wir", {7}),
        ("acme widg", {320}),
        ("acme network", {320}),
        ("sand", {7, 8}),
    ):
        answer = served.ask(f"/companies.json?q={typed.replace(' ', '+')}").json()
        assert {one["cik"] for one in answer["companies"]} == ciks
    page = served.ask("/cgi-bin/browse-edgar?action=getcompany&company=acme").text
    assert "ACME WIRES LTD" in page
    assert "WIDE ACME CORP" in page

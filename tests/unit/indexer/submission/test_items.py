from __future__ import annotations

from datetime import date

import pytest

from archiver.identifiers import FormType
from indexer.submission.items import item_code, item_codes

_OLD, _NEW = date(2004, 8, 22), date(2004, 8, 23)
_5_02 = (
    "Departure of Directors or Certain Officers; Election of Directors; Appointment of Certain Officers: "
    "Compensatory Arrangements of Certain Officers"
)


def code(text: str, form: str = "8-K", filed: date | None = _NEW) -> str | None:
    """The code of `text` in a filing of `form` on `filed`."""
    return item_code(text, form=FormType(form), filing_date=filed)


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("Changes in control of registrant", "1", "5.01"),
        ("BANKRUPTCY OR RECEIVERSHIP", "3", "1.03"),
        ("Changes in registrant's certifying accountant", "4", "4.01"),
        ("Other Events", "5", "8.01"),
        ("Financial statements and exhibits", "7", "9.01"),
        ("Regulation FD Disclosure", "9", "7.01"),
        ("Temporary Suspension of Trading Under Registrant's Employee Benefit Plans", "11", "5.04"),
        ("Results of Operations and Financial Condition", "12", "2.02"),
    ],
)
def test_a_description_of_both_numberings_is_told_by_the_filing_date(text: str, old: str, new: str) -> None:
    """The numbering of Form 8-K changed on 2004-08-23, and several descriptions stayed."""
    assert (code(text, filed=_OLD), code(text, "8-K/A", _NEW), code(text, filed=None)) == (old, new, None)


def test_wordings_of_all_years_and_spellings_are_known() -> None:
    """Item 5.02 has had two wordings; a full stop for an apostrophe, case and spacing make no difference."""
    assert code(_5_02) == "5.02"
    assert (
        code("Departure of Directors or Principal Officers; Election of Directors; Appointment of Principal Officers")
        == "5.02"
    )
    assert code("Amendments to the Registrant.s Code of Ethics", filed=_OLD) == "10"
    assert code("amendments to the  Registrant's code of ethics", filed=_OLD) == "10"
    assert code("Acquisition or disposition of assets", filed=None) == "2"


def test_other_forms_have_codes_of_their_own() -> None:
    """EDGAR prints the description of the code alone, so a 1-U reads like an old 8-K and an ABS-15G like a new one."""
    filed = date(2020, 1, 2)
    assert code("Changes in control of registrant", "1-U", filed) == "1"
    assert code("Other events", "1-U/A", filed) == "5"
    assert code("Termination of a Material Definitive Agreement", "ABS-15G", filed) == "1.02"
    assert code("Section 3(c)(1)", "D/A", filed) == "3C.1"
    assert code("Section 3(c)(10)", "D", filed) == "3C.10"


def test_codes_are_kept_as_they_are() -> None:
    """The tags hold codes already, numeric and Form D's, also where EDGAR printed the tag for want of a description."""
    found = item_codes(["8.01", "06b", "<ITEMS>06c", "5", "3C.7"], form=FormType("D"), filing_date=_NEW)
    assert (found.codes, found.unknown) == (("8.01", "06b", "06c", "5", "3C.7"), ())


def test_unknown_descriptions_are_kept_blank_ones_say_nothing_and_nothing_repeats() -> None:
    """Order is EDGAR's; a description without a code is neither dropped nor split."""
    values = ["", "57:", _5_02, "Strange; new: item", "Financial Statements and Exhibits", _5_02, "", "57:"]
    found = item_codes(values, form=FormType("8-K"), filing_date=_NEW)
    assert (found.codes, found.unknown) == (("5.02", "9.01"), ("57:", "Strange; new: item"))

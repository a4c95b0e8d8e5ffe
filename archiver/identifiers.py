"""EDGAR's own identifiers as types: accession number, CIK, form type.

Each is a `str` or `int` that is known to be valid, so it compares, sorts, prints and serialises as the plain value.
"""

from __future__ import annotations

import calendar
import contextlib
import fnmatch
import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Self

from archiver.errors import IdentifierError
from archiver.startup.patterns import lazy_pattern

_ACCESSION = lazy_pattern(r"([0-9]{10})-?([0-9]{2})-?([0-9]{6})")
_ACCESSION_DASHED = lazy_pattern(r"(?<![0-9-])([0-9]{1,10})-([0-9]{2})-([0-9]{6})(?![0-9])")
_ACCESSION_PLAIN = lazy_pattern(r"(?<![0-9])[0-9]{18}(?![0-9])")
_ACCESSION_CUT = lazy_pattern(r"[0-9]{11,17}")
"""18 digits without leading zeros; with one digit less it could be a CIK."""
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
"""The dashes into which word processors turn a hyphen."""
_CIK = lazy_pattern(r"(?:CIK[\s:#=]*)?0*([0-9]{1,10})", re.IGNORECASE)
_CIK_IN_ADDRESS = lazy_pattern(r"sec\.gov/.*?(?:CIK=|edgar/data/)0*([0-9]{1,10})(?![0-9])", re.IGNORECASE)
_TICKER = lazy_pattern(r"[A-Z]{1,5}(?:[.-][A-Z]{1,2})?")
_FORM_WORD = lazy_pattern(r"^\s*forms?\s+(?=\S)", re.IGNORECASE)
_DATE = lazy_pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}")
_YEAR_OR_MONTH = lazy_pattern(r"([0-9]{4})(?:-([0-9]{2}))?")
_FIRST_EDGAR_YEAR = 93
"""Two-digit years from here on are 19xx: EDGAR's first submissions are from 1993."""


def _hint_for(text: str) -> str:
    """The hint for text that is not an accession number."""
    if address := _CIK_IN_ADDRESS.search(text):
        return f"it is the address of a company: `edgarchive search --cik {address[1]}` lists its filings"
    if _CIK.fullmatch(text):
        return f"for a CIK, `edgarchive search --cik {text}` lists the filings"
    if _TICKER.fullmatch(text):
        return f"for a ticker, `edgarchive search --ticker {text}` lists the filings"
    return "write it like 0001193125-04-218426 or as 18 digits"


class AccessionNumber(str):
    """The number EDGAR gives a submission: ``0001193125-04-218426``.

    Ten digits for the submitter (often a filing agent), two for the year, six for the sequence. Accepts the number with
    dashes or as 18 digits; the value is always the dashed form. Raises `IdentifierError` for anything else.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Read `text`."""
        if isinstance(text, cls):
            return text
        match = _ACCESSION.fullmatch(text.strip())
        if match is None:
            raise IdentifierError(f"{text[:60]!r} is not an accession number", _hint_for(text.strip()))
        return str.__new__(cls, "-".join(match.groups()))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The number in what people paste: without leading zeros, with other dashes, in a file name, path or URL.

        Raises `IdentifierError` where there is none.
        """
        text = text.translate(_DASHES)
        dashed, plain = _ACCESSION_DASHED.findall(text), _ACCESSION_PLAIN.findall(text)
        if dashed:
            submitter, year, sequence = dashed[-1]
            return cls(f"{submitter:0>10}-{year}-{sequence}")
        if plain:
            return cls(plain[-1])
        if _ACCESSION_CUT.fullmatch(text.strip()):
            return cls(f"{text.strip():0>18}")
        return cls(text)

    @property
    def submitter(self) -> str:
        """The ten digits of the submitter."""
        return self[:10]

    @property
    def year(self) -> int:
        """The year in the number, with its century."""
        short = int(self[11:13])
        return (1900 if short >= _FIRST_EDGAR_YEAR else 2000) + short

    @property
    def digits(self) -> str:
        """The 18 digits without dashes, as EDGAR spells it in folder names."""
        return self.replace("-", "")


class Cik(int):
    """A Central Index Key: the number EDGAR gives an entity, 1 to 10 digits, leading zeros without meaning.

    Accepts ``1056386``, ``"0001056386"``, ``"CIK0001056386"`` and ``"CIK: 1056386"``. Raises `IdentifierError`
    for anything else.
    """

    __slots__ = ()

    def __new__(cls, value: int | str) -> Self:
        """Parse `value`."""
        match = _CIK.fullmatch(str(value).strip())
        if match is None:
            hint = "a CIK is a number of up to ten digits; for a company's name or ticker, use name or ticker"
            if "," in str(value):
                hint = "give each CIK by itself, without commas"
            raise IdentifierError(f"{str(value)[:60]!r} is not a CIK", hint)
        return int.__new__(cls, match.group(1))

    @property
    def padded(self) -> str:
        """Ten digits with leading zeros, as in headers."""
        return f"{int(self):010d}"


class FormType(str):
    """A form type in EDGAR's own spelling, such as ``8-K``, ``SC 13D/A`` or ``10-K405``. Any form is accepted."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Parse `text`; runs of white space become one space."""
        return str.__new__(cls, " ".join(text.split()))

    @property
    def is_amendment(self) -> bool:
        """Whether the form ends in ``/A``."""
        return self.upper().endswith("/A")

    @property
    def base(self) -> FormType:
        """The form without its ``/A``."""
        return FormType(self[:-2]) if self.is_amendment else self


def form_matches(form: str, patterns: Iterable[str]) -> bool:
    """Whether `form` matches one of `patterns`: EDGAR's spelling in any case, with globs (``8-K*``, ``Form 8-K``)."""
    folded = form.upper()
    return any(_form_pattern(pattern).match(folded) for pattern in patterns)


def without_form_word(typed: str) -> str:
    """A typed form without the word before it: ``Form 8-K`` is ``8-K``."""
    return _FORM_WORD.sub("", typed)


@lru_cache(maxsize=256)
def _form_pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(" ".join(without_form_word(pattern).upper().split())))


def parse_date(text: str) -> date:
    """A date as ``2004-12-22`` or ``20041222``. Raises `IdentifierError` for anything else."""
    try:
        if _DATE.fullmatch(text.strip()):
            return date.fromisoformat(text.strip())
    except ValueError:
        pass
    raise IdentifierError(f"{text[:40]!r} is not a date", "write it like 2004-12-31")


def parse_date_span(text: str) -> tuple[date, date]:
    """First and last day of ``2004``, ``2004-12`` or ``2004-12-22``. Raises `IdentifierError` for anything else."""
    if match := _YEAR_OR_MONTH.fullmatch(text.strip()):
        year, month = int(match[1]), match[2]
        try:
            last_month = int(month or 12)
            return date(year, int(month or 1), 1), date(year, last_month, calendar.monthrange(year, last_month)[1])
        except ValueError:  # month 13, year 0
            pass
    else:
        with contextlib.suppress(IdentifierError):
            return (day := parse_date(text)), day
    raise IdentifierError(f"{text[:40]!r} is not a date", "write it like 2004, 2004-12 or 2004-12-31")

"""An invented filing of 2009 with XBRL."""

from __future__ import annotations

from tests.unit.submissions import submission_bytes


def with_xbrl(accession: str, *, xbrl: bool = True) -> bytes:
    """A 10-K of December 2009 with the schema of an instance, or (`xbrl`) without."""
    types = ["10-K", *(["EX-101.SCH"] if xbrl else [])]
    documents = "".join(
        f"<DOCUMENT>\n<TYPE>{type_}\n<SEQUENCE>{number}\n<FILENAME>a{number}.xsd\n<TEXT>\n<XBRL>x</XBRL>\n</TEXT>\n"
        "</DOCUMENT>\n"
        for number, type_ in enumerate(types, start=1)
    )
    return submission_bytes(accession, form="10-K", documents=documents).replace(b"200412", b"200912")

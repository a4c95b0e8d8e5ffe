"""A submission in EDGAR's format, written by us, for the tests of the indexer."""

from __future__ import annotations

ACCESSION = "0001193125-04-218426"

_DEPARTURE = "Departure of Directors or Principal Officers; Election of Directors; Appointment of Principal Officers"

DOCUMENTS = """<DOCUMENT>
<TYPE>8-K
<SEQUENCE>1
<FILENAME>d8k.htm
<DESCRIPTION>FORM 8-K
<TEXT>
<HTML><BODY><P>Mr. Rossi left the board of directors on December 17.</P></BODY></HTML>
</TEXT>
</DOCUMENT>
<DOCUMENT>
<TYPE>EX-99.1
<SEQUENCE>2
<FILENAME>dex991.htm
<DESCRIPTION>PRESS RELEASE
<TEXT>
<HTML><BODY><P>This press release tells of a zebra &amp; of Mr. Rossi.</P></BODY></HTML>
</TEXT>
</DOCUMENT>
"""

RENDERING = """<DOCUMENT>
<TYPE>XML
<SEQUENCE>3
<FILENAME>R1.htm
<DESCRIPTION>IDEA: XBRL DOCUMENT
<TEXT>
<HTML><BODY><P>The cover page, rendered.</P></BODY></HTML>
</TEXT>
</DOCUMENT>
"""
"""What EDGAR's renderer adds to a submission with XBRL."""


def submission_bytes(accession: str = ACCESSION, *, form: str = "8-K", documents: str = DOCUMENTS) -> bytes:
    """A whole submission as EDGAR serves it."""
    return f"""<SEC-DOCUMENT>{accession}.txt : 20041222
<SEC-HEADER>{accession}.hdr.sgml : 20041222
<ACCEPTANCE-DATETIME>20041222161352
ACCESSION NUMBER:\t\t{accession}
CONFORMED SUBMISSION TYPE:\t{form}
PUBLIC DOCUMENT COUNT:\t\t2
CONFORMED PERIOD OF REPORT:\t20041217
ITEM INFORMATION:\t\t{_DEPARTURE}
ITEM INFORMATION:\t\tFinancial Statements and Exhibits
FILED AS OF DATE:\t\t20041222
DATE AS OF CHANGE:\t\t20041222

FILER:

\tCOMPANY DATA:\t
\t\tCOMPANY CONFORMED NAME:\t\t\tACME WIDGETS INC
\t\tCENTRAL INDEX KEY:\t\t\t0000000320
\t\tSTANDARD INDUSTRIAL CLASSIFICATION:\tSERVICES-BUSINESS SERVICES, NEC [7389]
\t\tIRS NUMBER:\t\t\t\t912145721
\t\tSTATE OF INCORPORATION:\t\t\tDE
\t\tFISCAL YEAR END:\t\t\t1231

\tFILING VALUES:
\t\tFORM TYPE:\t\t8-K
\t\tSEC ACT:\t\t1934 Act
\t\tSEC FILE NUMBER:\t000-27265
\t\tFILM NUMBER:\t\t041222333

\tFORMER COMPANY:\t
\t\tFORMER CONFORMED NAME:\tACME NETWORK CORP/WA
\t\tDATE OF NAME CHANGE:\t19990727
</SEC-HEADER>
{documents}</SEC-DOCUMENT>
""".encode("latin-1")


_PARTY = "\nFILER:\n\tCOMPANY DATA:\n\t\tCOMPANY CONFORMED NAME:\t%s\n\t\tCENTRAL INDEX KEY:\t\t%010d\n"


def crowded_submission(documents: int) -> bytes:
    """A submission of 2 000 more filers, three of them with names of 100 000 letters, and of so many `documents`."""
    parties = "".join(_PARTY % ("N" * (100_000 if number < 3 else 9), 1000 + number) for number in range(2000))
    texts = "".join(
        f"<DOCUMENT>\n<TYPE>EX-99\n<SEQUENCE>{number}\n<FILENAME>a{number}.txt\n<TEXT>\nmerger\n</TEXT>\n</DOCUMENT>\n"
        for number in range(1, documents + 1)
    )
    return submission_bytes(documents=texts).replace(b"</SEC-HEADER>", parties.encode() + b"</SEC-HEADER>")

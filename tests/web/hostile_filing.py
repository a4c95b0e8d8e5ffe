"""An invented filing whose document tries everything that a page can try."""

from __future__ import annotations

from tests.unit.submissions import submission_bytes

ACCESSION = "0009999999-20-000666"
NAMES_ACCESSION = "0009999999-20-000667"
LONG_ACCESSION = "0009999999-20-000668"

_PAGE = """<html><head><title>8-K</title>
<meta http-equiv="refresh" content="0; url=http://127.0.0.1:9/refresh">
<base href="http://127.0.0.1:9/">
<link rel="stylesheet" href="http://127.0.0.1:9/style.css">
<script>document.title = "script ran"; fetch("/status.json"); parent.document.title = "escaped"</script>
<script src="http://127.0.0.1:9/script.js"></script>
</head><body onload="document.title = 'handler ran'">
<p>Hostile filing words</p>
<img src="http://127.0.0.1:9/picture.png" onerror="document.title = 'onerror ran'">
<svg onload="document.title = 'svg ran'"><script>document.title = "svg script ran"</script></svg>
<iframe src="http://127.0.0.1:9/frame"></iframe><object data="http://127.0.0.1:9/object"></object>
<a id="link" href="javascript:document.title='link ran'">Click</a>
<form action="http://127.0.0.1:9/form"><button>Send</button></form>
<style>body { background: url(http://127.0.0.1:9/background.png) } @import url(http://127.0.0.1:9/import.css);</style>
%s deep %s
</body></html>"""


DECEPTIVE = "\x07\x1b[31m\u202egnp\u2066\U000e0041"
"""A bell, an escape, marks that reorder a line, a tag: what no page shows, and no XML may have."""

FILE_NAMES = (
    *("javascript:alert(1)", "//evil.example/a.htm", "#a?b.htm", "%2e%2e", '"onclick=alert(1).htm'),
    *("/etc/passwd", "..", "../../a.htm", "data:text/html;charset=x,<b>"),
)
"""Names of files that are more than names where they become a link as they are."""


def hostile_names() -> bytes:
    """A submission in which everything that a filer can name deceives."""
    documents = "".join(
        f"<DOCUMENT>\n<TYPE>EX-99@@\n<SEQUENCE>{number}\n<FILENAME>{name}\n<DESCRIPTION>@@\n"
        f"<TEXT>\n<html><p>deceptive @@ words</p></html>\n</TEXT>\n</DOCUMENT>\n"
        for number, name in enumerate(FILE_NAMES, start=1)
    )
    data = submission_bytes(NAMES_ACCESSION, form="8-K--!><img src=//evil.example/b>", documents=documents)
    return data.replace(b"ACME WIDGETS INC", b"=ACME@@ --><img src=//evil.example/a> INC").replace(
        b"@@", DECEPTIVE.encode()
    )


def long_names() -> bytes:
    """A submission whose names have no place to break a line."""
    documents = (
        f"<DOCUMENT>\n<TYPE>10-K\n<SEQUENCE>1\n<FILENAME>{'annualreport' * 10}.htm\n<DESCRIPTION>{'DESCRIBED' * 12}\n"
        "<TEXT>\n<html><p>long words</p></html>\n</TEXT>\n</DOCUMENT>\n"
    )
    data = submission_bytes(LONG_ACCESSION, form="10-K", documents=documents)
    return data.replace(b"ACME WIDGETS INC", b"DAMPFSCHIFFFAHRT" * 6 + b" INC").replace(b"0000000320", b"0000000321")


def hostile_filing() -> bytes:
    """The submission. Its names are markup too."""
    page = _PAGE % ("<div>" * 3000, "</div>" * 3000)
    picture = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
    documents = "".join(
        f"<DOCUMENT>\n<TYPE>{type_}\n<SEQUENCE>{number}\n<FILENAME>{name}\n<DESCRIPTION><img src=x onerror=alert(1)>\n"
        f"<TEXT>\n{body}\n</TEXT>\n</DOCUMENT>\n"
        for number, (type_, name, body) in enumerate([("8-K", "a.htm", page), ("EX-99", "b.svg", picture)], start=1)
    )
    data = submission_bytes(ACCESSION, documents=documents)
    return data.replace(b"ACME WIDGETS INC", b"<script>alert(1)</script>")

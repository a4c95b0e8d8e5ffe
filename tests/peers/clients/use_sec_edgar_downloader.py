"""What sec-edgar-downloader reads of an archive, as one JSON object.

Its addresses are fixed: a hosts entry leads them here.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from sec_edgar_downloader import Downloader


def main(ticker: str, form: str) -> dict[str, Any]:
    """A company's filings of a form, by ticker: the whole submission and its main document."""
    with tempfile.TemporaryDirectory() as folder:
        downloader = Downloader("Example Research", "research@example.com", folder)
        count = downloader.get(form, ticker, download_details=True, after="1993-01-01")
        files = {path.name: path.stat().st_size for path in sorted(Path(folder).rglob("*")) if path.is_file()}
        return {"filings": count, "files": files}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))

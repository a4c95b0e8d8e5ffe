"""What edgartools reads of filings that an export has put into its folder, without a network, as one JSON object."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import edgar


def main(folder: Path, rows: Path) -> dict[str, Any]:
    """Each filing of a file of JSON lines: what its header and documents are, and the submission itself."""
    edgar.use_local_storage(folder, allow_network_fallback=False)
    found = {}
    for row in map(json.loads, rows.read_text().splitlines()):
        filing = edgar.Filing(
            cik=row["cik"],
            company=row["name"],
            form=row["form"],
            filing_date=row["filing_date"],
            accession_no=row["accession"],
        )
        found[row["accession"]] = {
            "header": filing.header.accession_number,
            "form": filing.sgml().form,
            "documents": [one.document for one in filing.attachments],
            "submission": hashlib.sha256(filing.full_text_submission().encode()).hexdigest(),
        }
    return found


if __name__ == "__main__":
    edgar.set_identity("Example Research research@example.com")
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))

"""What the Hugging Face datasets library reads of an exported folder by its card, as one JSON object."""

from __future__ import annotations

import json
import sys

import datasets

if __name__ == "__main__":
    loaded = datasets.load_dataset(sys.argv[1], split="train")
    sys.stdout.write(
        json.dumps(
            {
                "accessions": sorted(loaded["accession"]),
                "types": {name: str(getattr(kind, "dtype", kind)) for name, kind in loaded.features.items()},
            }
        )
    )

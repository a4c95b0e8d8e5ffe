"""The sections that edgartools finds in a report of the form named, read from stdin, as one JSON object."""

from __future__ import annotations

import json
import re
import sys
import time

from edgar.documents import HTMLParser, ParserConfig

_NAME = re.compile(r"(?:part_(?P<part>[iv]+)_)?item_(?P<item>\w+)")


def main(form: str) -> None:
    """Items as ``1A``, in a 10-Q as ``II 1A``; what is no item, such as the signatures, is left out."""
    body = sys.stdin.buffer.read().decode("utf-8", "replace")
    began_s = time.process_time()
    found = []
    for name, section in HTMLParser(ParserConfig(form=form)).parse(body).sections.items():
        if named := _NAME.fullmatch(name):
            item = named["item"].upper()
            key = f"{named['part'].upper()} {item}" if form == "10-Q" and named["part"] else item
            found.append((key, section.text()))
    sys.stdout.write(json.dumps({"sections": found, "cpu_s": time.process_time() - began_s}))


if __name__ == "__main__":
    main(sys.argv[1])

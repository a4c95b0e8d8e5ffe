"""Pages of the documentation on a terminal."""

from __future__ import annotations

import pytest

from edgarchive.cli.printing.pages import page_lines
from edgarchive.cli.printing.terminal import Style

PAGE = """\
<!-- for the site alone -->
# A page

A paragraph of **some** words that was
wrapped for `its` [source](other.md).

![a picture](images/x.png)

| option | meaning |
|---|---|
| `--cik` N\\|@FILE | a number, or a file |

| key | default | meaning |
|---|---|---|
| `rate` | 8 | how fast |
| `root` | | where |

- Of one line
- Of two lines, that end
  with a link: [nightly](../howto/nightly.md)
- See [the site](https://example.com/x)
1. first

```sh
edgarchive search 'a   b' | wc
```
"""

SHOWN = """\
A page

A paragraph of some words that was
wrapped for `its` source.

  `--cik` N|@FILE
      a number, or a file

  `rate`
      default: 8
      meaning: how fast
  `root`
      meaning: where

- Of one line
- Of two lines, that end with a link:
  <howto/nightly.md>
- See the site: https://example.com/x
1. first

    edgarchive search 'a   b' | wc
"""


def shown(markdown: str, width: int | None = None) -> str:
    """The page as printed, with addresses in angle brackets."""
    style = Style(on=False, width=width)
    lines = page_lines(markdown, style, page="how/to", address=lambda path: f"<{path}>")
    return "\n".join(lines) + "\n"


def test_a_page_is_reflowed_and_has_no_markup() -> None:
    """Paragraphs fit the width, tables are lists, code is as it is, and a list names where its links lead."""
    assert shown(PAGE, width=40) == SHOWN


def test_pages_are_as_wide_as_the_terminal() -> None:
    """Or 80 columns where there is none."""
    text = "word " * 100
    assert max(map(len, shown(text, width=50).splitlines())) <= 50
    assert 70 < max(map(len, shown(text).splitlines())) <= 80


@pytest.mark.parametrize("text", ["", "\n", "|", "```", "- ", "#", "- [x](", "1.", "![", "| a |\n|---|", "[a](b)"])
def test_anything_is_shown_somehow(text: str) -> None:
    """No page, however odd, is an error."""
    shown(text)

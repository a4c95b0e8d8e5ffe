"""The examples at the end of a verb's help. The tests run them."""

from __future__ import annotations

EXAMPLES = {
    "edgarchive": """\
Mirror the 8-Ks of a company, and search them:

  export EDGARCHIVE_USER_AGENT="Your Name you@example.com"
  edgarchive sync --ticker AAPL --form '8-K*' --since 2015-01-01
  edgarchive search resigned --item 5.02
""",
    "sync": """\
The 10-Ks of one company, and of a list with one CIK per line:

  edgarchive sync --ticker AAPL --form '10-K*' --since 2015-01-01
  edgarchive sync --cik @watch-list.txt --form '10-K*'

Show what would be fetched, and how long it would take:

  edgarchive sync --form 8-K --since 2024-01-01 --dry-run

Fetch all submissions of a day in one request:

  edgarchive sync --source feed --since 2019-05-14 --until 2019-05-14
""",
    "import": """\
  edgarchive import downloads/ 20190514.nc.tar.gz
""",
    "index": """\
Rebuild with another engine:

  edgarchive index --rebuild --engine tantivy
""",
    "search": """\
8-Ks about a resignation, over six years:

  edgarchive search resigned --item 5.02 --since 2015-01-01 --until 2020-12-31

A phrase and a pattern, as CSV; filings counted by form:

  edgarchive search '"financial officer" resign*' --form '8-K*' --format csv
  edgarchive search --name 'teal dynamics' --facet form --limit 0

The text of everything found:

  edgarchive search crake --format accessions | xargs edgarchive show --text
""",
    "show": """\
  edgarchive show 0009000900-19-000212
  edgarchive show 0009000900-19-000212 --document 1 --text
  edgarchive show 0009000900-19-000212 --raw > 0009000900-19-000212.txt
""",
    "extract": """\
  edgarchive extract 0009000900-19-000212 --out filings
  edgarchive search crake --format accessions | edgarchive extract - -o found
""",
    "open": """\
  edgarchive open 0009000900-19-000212
  edgarchive open 0009000900-19-000212 --document 1
""",
    "export": """\
The risk factors of all 10-Ks; filings of a company and their entities:

  edgarchive export sections --form '10-K*' --section 1A --out risks.jsonl
  edgarchive export filings --name 'teal dynamics' --out filings.csv

Each match with the words around it:

  edgarchive export hits 'resign*' --item 5.02 --out hits.csv
""",
    "verify": """\
Check only existence and sizes, or check and repair everything:

  edgarchive verify --quick
  edgarchive verify --repair
""",
    "status": """\
  edgarchive status
  edgarchive status --json
""",
    "watch": """\
Print alerts as JSON Lines, or pass them to a command:

  edgarchive watch --form '8-K*' --once
  edgarchive watch --form '8-K*' --exec 'logger -t filings' --once
""",
    "saved": """\
  edgarchive saved add departures 'resign*' --form '8-K*' --item 5.02
  edgarchive saved list
  edgarchive saved run departures
""",
    "log": """\
  edgarchive log
  edgarchive log 1 --manifest
""",
    "serve": """\
On this machine only, and for a team behind a proxy with a password:

  edgarchive serve
  edgarchive serve --host 0.0.0.0 --port 8080 --allow-host filings.example.com
""",
    "mcp": """\
Print the configuration for a program that starts MCP servers:

  edgarchive mcp --print-config
""",
    "config": """\
Create a settings file; show the settings:

  edgarchive config init
  edgarchive config show
""",
    "help": """\
  edgarchive help
  edgarchive help query
""",
}
"""By verb: sentences, and commands indented by two spaces."""


def epilog(verb: str) -> str:
    """The examples of `verb` for the end of its help, with commands marked as lines not to be wrapped."""
    paragraphs = ("Examples:\n\n" + EXAMPLES[verb]).split("\n\n")
    return "\n\n".join(f"\b\n{part}" if part.startswith("  ") else part for part in paragraphs)

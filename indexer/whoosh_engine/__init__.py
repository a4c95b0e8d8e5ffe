"""The built-in engine: Whoosh 2.7.4, pinned, with our own field types and durable commits.

Whoosh pickles the classes of its schema by path: `indexer.whoosh_engine.fields` is part of the on-disk format.
"""

import warnings

# Whoosh predates these compiler warnings. Installers that do not compile (uv) would show them once.
warnings.filterwarnings("ignore", category=SyntaxWarning, module=r".*\bwhoosh\b")

"""The embedded engine: Whoosh 2.7.4, pinned, with our own field types and durable commits.

Whoosh pickles the classes of its schema by their path: `indexer.whoosh_engine.fields` is part of the on-disk format.
"""

import warnings

# Whoosh is older than these warnings of the compiler. Who installs without compiling (uv does) would see them once.
warnings.filterwarnings("ignore", category=SyntaxWarning, module=r".*\bwhoosh\b")

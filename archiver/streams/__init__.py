"""Streams of bytes: decoding, chunks, tar, and the containers an import reads."""

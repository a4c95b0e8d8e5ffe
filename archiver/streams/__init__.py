"""Byte streams: decoding, chunks, tar, and the containers that an import reads."""

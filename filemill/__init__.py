"""Filemill: files in, processed files out."""

__version__ = "0.1.0"

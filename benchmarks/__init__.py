"""Benchmarks: what Filemill's promises cost, measured the same way each time. README.md states the protocol."""

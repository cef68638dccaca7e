"""Sealed functions for pictures."""

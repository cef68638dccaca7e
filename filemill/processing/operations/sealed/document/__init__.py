"""Sealed functions for documents."""

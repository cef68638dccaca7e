"""Sealed functions for films and sound."""

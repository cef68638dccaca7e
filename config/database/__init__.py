"""Django's PostgreSQL backend, with a cheaper look whether a kept connection still lives."""

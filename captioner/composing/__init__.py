"""Prose from the fields of a structured caption. Pure."""

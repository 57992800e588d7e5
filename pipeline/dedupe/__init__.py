"""Signatures become groups of near-duplicates: pure decisions, no pixels."""

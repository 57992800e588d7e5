"""Signals become shot boundaries, shots, clips and offcuts: pure decisions, no pixels."""

"""Signals and sampled frames become numbers about clips: one measurement per file."""

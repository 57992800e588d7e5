"""Prompt expansion: from what a user types to what the generator was trained on."""

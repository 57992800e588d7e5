"""Recaptioning: every kept clip gets a text that says how it was made."""

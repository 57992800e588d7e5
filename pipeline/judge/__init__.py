"""Numbers become verdicts: rules as SQL, every drop with its reason."""

"""Facts to text in many wordings, and text to facts by grammar; no model, no dependency."""

"""The nouns of Rushes: records, tables, ids, time and the catalogue. No Ray, no torch, no codec."""

"""Curation: raw video becomes shots, clips, scores, verdicts and duplicate groups."""

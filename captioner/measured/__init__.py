"""What a clip's measurements allow one to say: colours, areas, limits, findings, wording."""

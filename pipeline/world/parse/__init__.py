"""Read drawn and generated clips back: from pixels to objects, tracks and facts."""

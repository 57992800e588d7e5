"""What captions claim that can be checked: claims found in free English, and judged."""

"""Search over clips: what a query asks, and how well texts, facts and vectors answer it."""

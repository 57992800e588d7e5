"""Ways to write a caption, one per file; each is imported only when a recipe names it."""

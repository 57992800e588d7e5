"""What is wrong with a caption: one kind of failure a file. Pure."""

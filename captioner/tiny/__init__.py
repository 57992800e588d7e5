"""A small captioner of our own: it reads drawn footage, and is trained on a CPU."""

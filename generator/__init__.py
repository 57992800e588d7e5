"""The video model: codec, diffusion transformer, trainer and sampler."""

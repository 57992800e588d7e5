"""A synthetic world: draws raw footage whose truth is known, shot by shot and frame by frame."""

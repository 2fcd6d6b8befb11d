"""MorphNet: a network shrinks where a resource is spent for nothing, and grows uniformly."""

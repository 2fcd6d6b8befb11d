"""Which setting of a node is its width."""

WIDTH = {"conv2d": "filters", "dense": "units"}
"""Operation → setting that says how many channels or features its layer makes."""

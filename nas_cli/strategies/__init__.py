"""Ask/tell search algorithms over the spaces. NumPy only."""

"""Architectures as plain values: sample, mutate, cross, encode. NumPy only."""

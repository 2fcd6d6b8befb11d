"""Differentiable search: one network that holds all candidates, and what is learned about them."""

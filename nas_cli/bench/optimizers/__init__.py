"""Optimizers compared on one network: at one shared learning rate, and each at its own."""

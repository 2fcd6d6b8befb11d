"""Bayesian optimisation of spaces of decisions: a model of the outcomes told so far proposes the next candidates."""

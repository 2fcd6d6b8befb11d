"""Timing protocols, and what they say of machines that are not here."""

"""The score of an architecture."""

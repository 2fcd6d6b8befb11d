"""Processes on one host or many; a no-op with one process."""

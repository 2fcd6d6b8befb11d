"""Run folder, lock, journal, resume, seeds."""

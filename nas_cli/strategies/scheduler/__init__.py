"""Who decides how much each trial of a strategy may spend."""

"""Model → smaller model by pruning: criteria, what is removed, where, when, and the loop around it."""

"""Hill climbing with function-preserving changes of a network."""

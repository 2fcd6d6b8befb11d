"""Model → a model in fewer bits, and into the formats that others read."""

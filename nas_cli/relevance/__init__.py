"""Networks whose weights are distributions, and what is irrelevant in them taken out."""

"""The one fit loop and what it is made of."""

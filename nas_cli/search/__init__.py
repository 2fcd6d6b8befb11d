"""The ask/evaluate/tell loop and its worker processes."""

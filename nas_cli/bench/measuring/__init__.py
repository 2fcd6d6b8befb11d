"""Distributed training, measured on this machine."""

"""REINFORCE (Zoph & Le 2017, arXiv:1611.01578): a controller learns to write down good candidates."""

"""DeepNEAT (Miikkulainen et al. 2017, arXiv:1703.00548, section 3.1): one population of graphs of layers."""

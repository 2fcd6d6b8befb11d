"""CoDeepNEAT (Miikkulainen et al. 2017, arXiv:1703.00548): modules and blueprints evolve side by side."""

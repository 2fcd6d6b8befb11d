"""What strategies that evolve in species share: individuals, species, reproduction (Stanley & Miikkulainen 2002)."""

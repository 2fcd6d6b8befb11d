"""`results/README.md`: what the five documents claim, beside what the experiments' tables hold."""

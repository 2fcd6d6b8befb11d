"""What training would do on a cluster one does not have: a cost model in NumPy, its calibration, its validation."""

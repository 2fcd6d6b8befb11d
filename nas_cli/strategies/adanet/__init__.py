"""AdaNet: an ensemble that grows by one subnetwork at a time."""

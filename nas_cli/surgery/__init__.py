"""Which channels of a Keras model belong together; models with fewer or more of them."""

"""Pruning by TensorFlow Model Optimization, on models converted to Keras 2 and back."""

"""Architectures to Keras models, the zoo, and model files."""

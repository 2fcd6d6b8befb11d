"""`nas`: neural architecture search, model compression and distributed benchmarks on TensorFlow/Keras."""

__version__ = "0.1.0"

"""Parameters, MACs and FLOPs, memory and latency of architectures and of built Keras models."""

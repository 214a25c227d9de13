"""Manifests: a training run as resources for a cluster manager. No TensorFlow, no NumPy."""

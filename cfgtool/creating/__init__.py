"""New configs: a network by its name, and everything else from the data that it is to learn. No TensorFlow, no NumPy."""

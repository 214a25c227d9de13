"""How a run starts, decided and shown without TensorFlow."""

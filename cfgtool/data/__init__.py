"""Training data without TensorFlow: TFRecords, tf.Examples, label maps, and what is wrong with them."""

"""cfgtool: lint, migrate, match and train TensorFlow Object Detection API `pipeline.config` files."""

__version__ = "0.1.0"

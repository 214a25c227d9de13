"""Heads: from feature maps to box encodings and class predictions."""

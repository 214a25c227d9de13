"""Faster R-CNN: one module per family of feature extractors, and the two stages that they all share."""

"""CenterNet: one module per family of feature extractors, and the heads that they all share."""

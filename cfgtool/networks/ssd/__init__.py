"""Single Shot Detector: one module per family of feature extractors, and the detector that they all share."""

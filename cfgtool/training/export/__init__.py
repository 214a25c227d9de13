"""Trained detectors as files that run without cfgtool, and detections of such files on images."""

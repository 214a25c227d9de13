"""CenterNet between its heads' outputs and losses or detections: one module per task."""

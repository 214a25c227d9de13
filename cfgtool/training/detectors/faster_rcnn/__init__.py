"""Faster R-CNN, Mask R-CNN, R-FCN and Context R-CNN: all that lies between raw outputs and losses or detections."""

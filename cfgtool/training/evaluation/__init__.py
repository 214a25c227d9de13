"""Metrics, losses and pictures of weights on an evaluation reader; the best checkpoint of a run."""

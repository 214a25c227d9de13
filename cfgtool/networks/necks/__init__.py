"""Necks: from a backbone's feature maps to the maps that the head looks at."""

"""What the network is fed: how each SSD feature extractor scales image values.

SSD scales first and resizes and pads afterwards, so padding is 0 in the scaled values.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf
from tensorflow import Tensor

Values = tuple[float, ...]


class Normalisation(NamedTuple):
    """`(image - mean) / deviation`, one value for all channels or one for each of red, green and blue."""

    mean: Values
    deviation: Values

    def apply(self, image: Tensor) -> Tensor:
        """Scaled float32 image of an image [..., channels] of values 0..255, of any type."""
        image = tf.cast(image, tf.float32)
        return (image - tf.constant(self.mean)) * tf.constant([1.0 / value for value in self.deviation])


# To -1..1.
SYMMETRIC = Normalisation((127.5,), (127.5,))
# The mean of ImageNet that VGG and the first ResNets were trained with.
CENTRED = Normalisation((123.68, 116.779, 103.939), (1.0,))
# Mean and deviation of ImageNet, given for values 0..1.
STANDARDISED = Normalisation(
    tuple(255.0 * value for value in (0.485, 0.456, 0.406)),
    tuple(255.0 * value for value in (0.229, 0.224, 0.225)),
)


def ssd_normalisation(feature_extractor: str) -> Normalisation:
    """How the extractor of that type (`model.ssd.feature_extractor.type`) scales its images."""
    if "resnet" in feature_extractor:
        return CENTRED
    return STANDARDISED if "efficientnet" in feature_extractor else SYMMETRIC

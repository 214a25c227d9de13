"""What the network is fed, turned back into pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cfgtool.schema import Config
from cfgtool.training.input.preprocess import Normalisation, normalisation

_MOST = 3


def as_pictures(config: Config, images: Any) -> npt.NDArray[np.uint8]:
    """The first three of `images`, float [batch, height, width, channels] as the network takes them, as uint8.

    The normalisation of the detector is undone; of more than three channels the first three are shown. Padding of 0
    in normalised values comes out as the colour that it stands for.
    """
    kept = np.asarray(images[:_MOST], np.float32)
    model = config.message("model")
    normalise = normalisation(model.message(model.which("model") or "ssd"))
    shown = kept[..., : 3 if kept.shape[-1] >= 3 else 1]
    return np.clip(np.rint(_undone(shown, normalise)), 0, 255).astype(np.uint8)


def _undone(images: npt.NDArray[np.float32], normalise: Normalisation) -> npt.NDArray[np.float32]:
    """Images of values 0..255 in RGB, whose normalised values are given."""
    channels = images.shape[-1]
    if channels == 1:  # grey is the luminance of normalised colours: their mean normalisation is near enough
        scale, offset = np.mean(normalise.scale), np.mean(normalise.offset)
        return np.asarray((images - offset) / scale, np.float32)
    restored = (images - np.asarray(normalise.offset)) / np.asarray(normalise.scale)
    return np.asarray(restored[..., ::-1] if normalise.swap else restored, np.float32)

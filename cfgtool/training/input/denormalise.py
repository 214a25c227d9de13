"""From the network's input back to pictures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cfgtool.schema import Config
from cfgtool.training.input.preprocess import Preprocessor


class Denormalised:
    """Turns network inputs back into the pictures that they were, by the inverse of a normalisation."""

    def __init__(self, preprocess: Preprocessor) -> None:
        if preprocess.channels == 1:
            # What a grey becomes depends on whether it was made before the normalisation or after it.
            ends = [preprocess(tf.fill([8, 8, 3], value))[0][0, 0].numpy() for value in (0.0, 255.0)]
            self._black, self._white = ends
        else:
            self._black = np.array(preprocess.normalise.offset)
            self._white = self._black + 255.0 * np.array(preprocess.normalise.scale)
        self._swap = preprocess.normalise.swap

    def __call__(self, image: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
        """The picture [height, width, 3] that becomes the network input `image` [height, width, channels].

        Of a single channel a grey one; additional channels are left out.
        """
        picture = 255.0 * (image[..., :3] - self._black) / (self._white - self._black)
        if picture.shape[-1] == 1:
            picture = np.repeat(picture, 3, axis=-1)
        elif self._swap:
            picture = picture[..., ::-1]
        return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def denormalised(config: Config) -> Denormalised:
    """For what the training reader of a pipeline config and its model make."""
    extra = config.message("train_input_reader").integer("num_additional_channels")
    return Denormalised(Preprocessor(config.message("model"), extra))

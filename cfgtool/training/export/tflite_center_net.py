"""CenterNet for TFLite: from pixels to boxes, and keypoints where they are asked for, without an operation of its own."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.schema import Config, read_config
from cfgtool.schema.overrides import set_value
from cfgtool.textproto import apply_edits
from cfgtool.textproto import parse as parse_text
from cfgtool.training.architecture import architecture
from cfgtool.training.assemblies.center_net import CenterNetAssembly
from cfgtool.training.input.preprocess import Preprocessor


class CenterNetTfliteModule(tf.Module):
    """A CenterNet from an image [1, height, width, 3], values 0..255, to its detections.

    These are, from the last output to the first: boxes [1, n, 4] as fractions of the image, classes [1, n] from 0, scores
    [1, n], the number of detections [1], and with `keypoints` their places [1, n, k, 2] and scores [1, n, k]; n is
    `max_box_predictions`.
    """

    def __init__(self, config: Config, assembly: CenterNetAssembly, *, keypoints: bool) -> None:
        super().__init__()
        self._model = assembly.weights.tree
        self._assembly = assembly
        self._preprocess = Preprocessor(config.message("model"))
        self._names = ["detection_boxes", "detection_classes", "detection_scores", "num_detections"]
        if keypoints:
            self._names += ["detection_keypoints", "detection_keypoint_scores"]
        self.detect = tf.function(self._detect)

    def _detect(self, image: Tensor) -> tuple[Tensor, ...]:
        prepared, shape = self._preprocess(image[0])
        found = self._assembly.detect(prepared[tf.newaxis], shape[tf.newaxis])
        return tuple(tf.cast(found[name], tf.float32) for name in reversed(self._names))


def with_detections(config: Config, count: int) -> Config:
    """The config of a CenterNet that gives `count` detections."""
    document = config.document
    edits = set_value(document, "model.center_net.object_center_params.max_box_predictions", str(count))
    return read_config(parse_text(apply_edits(document.text, edits)))


def takes_pixels(config: Config) -> bool:
    """Whether the TFLite model of a config normalises inside: its input has values 0 to 255."""
    return architecture(config).kind == "center_net"


def resized(preprocess: Preprocessor, image: Tensor) -> Tensor:
    """The image [height, width, 3] as such a model takes it: resized, float32 of 0..255."""
    return tf.cast(preprocess.resizer.resize(image), tf.float32)

"""SavedModels with the signatures of the OD API's exporter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.data import keys
from cfgtool.schema import Config
from cfgtool.training.assemblies import Assembly
from cfgtool.training.input.preprocess import Preprocessor

INPUT = "input_tensor"
SIGNATURE = "serving_default"
FIRST_ID = 1


class DetectionModule(tf.Module):
    """A detector as it is exported: called with `input_tensor`, it gives the detections of a batch.

    All outputs are float32, with n the most detections there can be, zeros after the last one (classes: 1):
    `detection_boxes` [batch, n, 4] as fractions of the image given, `detection_scores` [batch, n],
    `detection_classes` [batch, n] from 1, `num_detections` [batch], `detection_multiclass_scores` [batch, n, slots],
    and what the architecture has besides: `detection_anchor_indices` [batch, n], before suppression
    `raw_detection_boxes` [batch, anchors or proposals, 4] and `raw_detection_scores` [batch, the same, slots];
    `detection_masks` [batch, n, mask height, mask width] within the boxes; `detection_keypoints` [batch, n, k, 2] and
    their scores. Images of a batch have one size; where the resizer leaves it free, any.

    `image_tensor` of a Context R-CNN takes `context_features` [batch, m, length] and `valid_context_size` [batch] too.
    """

    def __init__(
        self, config: Config, assembly: Assembly, input_type: str, *, any_batch: bool = False
    ) -> None:
        """`input_type` is one of `INPUT_TYPES`; `any_batch` lets `image_tensor` take any number of images."""
        super().__init__()
        # Under this name the OD API keeps the model, and checkpoints are read out of SavedModels.
        self._model = assembly.weights.tree
        self._detect = assembly.detect
        self._preprocess = Preprocessor(config.message("model"))
        self._decode = _DECODERS[input_type]
        self.spec = _spec(input_type, any_batch)
        side = list(assembly.side_inputs.values()) if input_type == "image_tensor" else []
        self._side = [spec.name for spec in side]
        self.__call__ = tf.function(self._detections, input_signature=[self.spec, *side])

    def _detections(self, input_tensor: Tensor, *side: Tensor) -> dict[str, Tensor]:
        size, channels = self._preprocess.size or (None, None), self._preprocess.channels
        specs = tf.TensorSpec([*size, channels], tf.float32), tf.TensorSpec([3], tf.int32)

        def prepare(element: Tensor) -> tuple[Tensor, Tensor]:
            return self._preprocess(self._decode(element))

        images, true_shapes = tf.map_fn(prepare, input_tensor, fn_output_signature=specs)
        found: Mapping[str, Tensor] = self._detect(
            images, true_shapes, **dict(zip(self._side, side, strict=True))
        )
        found = {name: tf.cast(value, tf.float32) for name, value in found.items()}
        found["detection_classes"] += FIRST_ID
        batch = self.spec.shape[0]
        return {name: tf.ensure_shape(value, [batch, *value.shape[1:]]) for name, value in found.items()}


def save_model(module: DetectionModule, folder: Path) -> None:
    """Write the SavedModel into `folder`."""
    concrete = module.__call__.get_concrete_function()
    tf.saved_model.save(module, str(folder), signatures=concrete)


def _spec(input_type: str, any_batch: bool) -> Any:
    if input_type == "image_tensor":
        return tf.TensorSpec([None if any_batch else 1, None, None, 3], tf.uint8, INPUT)
    if input_type == "float_image_tensor":
        return tf.TensorSpec([None, None, None, 3], tf.float32, INPUT)
    return tf.TensorSpec([None], tf.string, INPUT)


def _decoded(encoded: Tensor) -> Tensor:
    image = tf.io.decode_image(encoded, channels=3, expand_animations=False)
    image.set_shape([None, None, 3])
    return image


def image_of_example(record: Tensor) -> Tensor:
    """The image of a serialised tf.Example; nothing else of it is looked at."""
    feature = {keys.IMAGE: tf.io.FixedLenFeature([], tf.string)}
    return _decoded(tf.io.parse_single_example(record, feature)[keys.IMAGE])


_DECODERS: dict[str, Callable[[Tensor], Tensor]] = {
    "image_tensor": lambda image: image,
    "float_image_tensor": lambda image: image,
    "encoded_image_string_tensor": _decoded,
    "tf_example": image_of_example,
}

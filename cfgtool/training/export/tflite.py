"""TFLite models of SSDs, with the post-processing operation that TFLite has for them.

The operation is called `TFLite_Detection_PostProcess`. TensorFlow has no kernel for it: the converter puts it in place
of a function that says in an attribute what it implements.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError
from cfgtool.schema import Config
from cfgtool.training.assemblies import Assembly
from cfgtool.training.assemblies.center_net import CenterNetAssembly
from cfgtool.training.assemblies.ssd import SsdAssembly
from cfgtool.training.detectors.postprocess import build_score_converter
from cfgtool.training.export.options import ExportOptions
from cfgtool.training.export.saved_model import image_of_example
from cfgtool.training.export.tflite_center_net import CenterNetTfliteModule, resized, takes_pixels
from cfgtool.training.input.preprocess import Preprocessor
from cfgtool.training.input.read_errors import checked
from cfgtool.training.input.readers import training_records
from cfgtool.training.targets.boxes import centres_and_sizes

INPUT = "input"
OPERATION = "TFLite_Detection_PostProcess"


class TfliteModule(tf.Module):
    """An SSD from the preprocessed image [1, height, width, channels] to the operation's four outputs.

    These are, by the order of the signature's names `output_0` .. `output_3`: the number of detections [1], scores
    [1, n], classes [1, n] from 0, boxes [1, n, 4] as fractions of the image; n = `max_detections`.
    """

    def __init__(self, config: Config, assembly: Assembly, options: ExportOptions) -> None:
        super().__init__()
        self._model = assembly.weights.tree
        if not isinstance(assembly, SsdAssembly):
            raise TypeError("the operation of TFLite is that of an SSD")
        self._assembly = assembly
        self._ssd = config.find("model.ssd")
        self._to_scores = build_score_converter(self._ssd.message("post_processing"))
        self._implements = " ".join(operation(self._ssd, options))
        self.detect = tf.function(self._detect)

    def _detect(self, image: Tensor) -> tuple[Tensor, ...]:
        predictions = self._assembly.network.forward(image).predictions
        scores = self._to_scores(predictions.class_predictions)
        anchors = tf.stack(centres_and_sizes(tf.constant(self._assembly.ssd.anchors)), axis=-1)

        @tf.function(experimental_implements=self._implements)
        def post_process(codes: Tensor, scores: Tensor, anchors: Tensor) -> tuple[Tensor, ...]:  # noqa: ARG001
            return tuple(tf.zeros([]) for _ in range(4))

        boxes, classes, best, count = post_process(predictions.box_encodings, scores, anchors)
        return count, best, classes, boxes


def operation(ssd: Config, options: ExportOptions) -> Iterator[str]:
    """The name and the attributes of the operation, as its signature spells them."""
    coder = ssd.find("box_coder.faster_rcnn_box_coder")
    nms = ssd.find("post_processing.batch_non_max_suppression")
    yield f'name: "{OPERATION}"'
    integers = {
        "max_detections": options.max_detections,
        "max_classes_per_detection": 1,
        "num_classes": ssd.integer("num_classes"),
    }
    numbers = {
        "nms_score_threshold": nms.number("score_threshold"),
        "nms_iou_threshold": nms.number("iou_threshold"),
        "y_scale": coder.number("y_scale"),
        "x_scale": coder.number("x_scale"),
        "h_scale": coder.number("height_scale"),
        "w_scale": coder.number("width_scale"),
    }
    for name, number in integers.items():
        yield f'attr {{ key: "{name}" value {{ i: {number} }} }}'
    for name, value in numbers.items():
        yield f'attr {{ key: "{name}" value {{ f: {value!r} }} }}'
    yield f'attr {{ key: "use_regular_nms" value {{ b: {str(options.regular_nms).lower()} }} }}'


def convert(config: Config, assembly: Assembly, options: ExportOptions, folder: str) -> bytes:
    """The TFLite model; `folder` is for the SavedModel on the way.

    Raises UserError if the converter does not manage, and for `int8` as `sample_images` does.
    """
    module: TfliteModule | CenterNetTfliteModule
    if isinstance(assembly, CenterNetAssembly):
        module = CenterNetTfliteModule(config, assembly, keypoints=options.keypoints)
    else:
        module = TfliteModule(config, assembly, options)
    shape = [1, *assembly.network.description.input_shape]
    concrete = module.detect.get_concrete_function(tf.TensorSpec(shape, tf.float32, INPUT))
    tf.saved_model.save(module, folder, signatures=concrete)
    converter = tf.lite.TFLiteConverter.from_saved_model(folder)
    _quantize(converter, config, options)
    try:
        return converter.convert()
    except (RuntimeError, ValueError) as error:
        raise UserError(f"the TFLite converter fails: {str(error).strip().splitlines()[0]}") from None


def _quantize(converter: Any, config: Config, options: ExportOptions) -> None:
    if options.quantize == "none":
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if options.quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if options.quantize == "int8":
        images = sample_images(config, options.samples, raw=takes_pixels(config))
        converter.representative_dataset = lambda: ([image] for image in images)
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
            tf.lite.OpsSet.TFLITE_BUILTINS,
        ]


def sample_images(config: Config, count: int, *, raw: bool = False) -> list[np.ndarray]:
    """`count` training images as the network sees them, not augmented: float32 [1, height, width, channels].

    With `raw` they are resized only, their values 0..255.

    They come in the order of the reader for seed 0, again from the start where there are fewer. Raises UserError for
    missing, broken or empty files.
    """
    reader = config.message("train_input_reader")
    preprocess = Preprocessor(config.message("model"))
    records = training_records(reader, 0, 0).take(count)

    def seen(record: Tensor) -> dict[str, Tensor]:
        image = image_of_example(record)
        return {"image": resized(preprocess, image) if raw else preprocess(image)[0]}

    images = records.map(seen).batch(1)
    return [batch["image"].numpy() for batch in checked(images, reader)]

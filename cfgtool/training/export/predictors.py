"""Models that find objects on an image, whatever they come from."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cfgtool.data import keys
from cfgtool.errors import UserError
from cfgtool.schema import Config
from cfgtool.training.assemblies import build_assembly
from cfgtool.training.export.found import Found, in_order
from cfgtool.training.export.saved_model import SIGNATURE, DetectionModule
from cfgtool.training.export.tflite_center_net import resized, takes_pixels
from cfgtool.training.input.preprocess import Preprocessor
from cfgtool.training.quiet import silence

Picture = npt.NDArray[np.uint8]
Predictor = Callable[[Picture], Found]
"""From an image, uint8 [height, width, 3], to its detections."""

_MORE = ("detection_masks", "detection_keypoints", "detection_keypoint_scores")
_SIDE = ("context_features", "valid_context_size")
_NEEDED = ("detection_boxes", "detection_scores", "detection_classes", "num_detections")


def checkpoint_predictor(config: Config, values: Mapping[str, np.ndarray]) -> Predictor:
    """The detector of `config` with weights by our names."""
    assembly = build_assembly(config)
    assembly.weights.assign(values)
    module = DetectionModule(config, assembly, "image_tensor")
    side = _nothing(assembly.side_inputs)
    return lambda picture: _found(module.__call__(tf.constant(picture[np.newaxis]), *side.values()))


def saved_model_predictor(path: str) -> Predictor:
    """The SavedModel in folder `path`, of whichever input type. Raises UserError if it is no exported detector."""
    try:
        model = tf.saved_model.load(path)
    except (OSError, ValueError, tf.errors.OpError) as error:
        message = str(getattr(error, "message", None) or error).splitlines()[0]
        raise UserError(f"the SavedModel cannot be loaded: {message}", path=path) from None
    signature: Any = getattr(model, "signatures", {}).get(SIGNATURE)
    inputs = {} if signature is None else signature.structured_input_signature[1]
    side = {name: spec for name, spec in inputs.items() if name in _SIDE}
    inputs = {name: spec for name, spec in inputs.items() if name not in side}
    if len(inputs) != 1 or not set(_NEEDED) <= set(signature.structured_outputs):
        message = f"is no exported detector: {SIGNATURE!r} with one input and {', '.join(_NEEDED)} is needed"
        raise UserError(message, path=path)
    [(name, spec)] = inputs.items()
    feed = _feed(signature, spec)

    def predict(
        picture: Picture, model: Any = model
    ) -> Found:  # the signature does not keep its variables alive
        del model
        return _found(signature(**{name: feed(picture)}, **_nothing(side)))

    return predict


def _nothing(side: Mapping[str, Any]) -> dict[str, Any]:
    """No context: one row of features, of which none counts."""
    return {
        name: tf.zeros([1 if size is None else size for size in spec.shape], spec.dtype)
        for name, spec in side.items()
    }


def _feed(signature: Any, spec: Any) -> Callable[[Picture], Any]:
    """How an image becomes the input of a signature."""
    if spec.dtype != tf.string:
        return lambda picture: tf.cast(picture[np.newaxis], spec.dtype)
    functions = signature.graph.as_graph_def().library.function
    if any(
        node.op.startswith(("ParseExample", "ParseSingleExample"))
        for function in functions
        for node in function.node_def
    ):
        return lambda picture: tf.constant([_example(picture)])
    return lambda picture: tf.io.encode_png(picture)[tf.newaxis]


def _example(picture: Picture) -> bytes:
    encoded = tf.io.encode_png(picture).numpy()
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[encoded]))
    return tf.train.Example(features=tf.train.Features(feature={keys.IMAGE: feature})).SerializeToString()


def _found(outputs: Mapping[str, Any]) -> Found:
    count = int(outputs["num_detections"][0])
    own = ("detection_boxes", "detection_classes", "detection_scores")
    return in_order(
        *(outputs[name][0, :count].numpy() for name in own),
        *(outputs[name][0, :count].numpy() if name in outputs else None for name in _MORE),
    )


def tflite_predictor(path: str, config: Config) -> Predictor:
    """The TFLite model in file `path`; `config` says how its input is resized and normalised.

    Raises UserError if it is no detector as the OD API or we export them.
    """
    interpreter = _interpreter(path)
    preprocess = Preprocessor(config.message("model"))
    source = interpreter.get_input_details()[0]
    places = _places(interpreter, path)
    if preprocess.size is None or tuple(source["shape"][1:]) != (*preprocess.size, preprocess.channels):
        raise UserError(
            f"takes images of shape {source['shape'].tolist()}, the config beside it makes others", path=path
        )

    raw = takes_pixels(config)

    def predict(picture: Picture) -> Found:
        image = tf.constant(picture)
        image = resized(preprocess, image) if raw else preprocess(image)[0]
        interpreter.set_tensor(source["index"], quantized(image.numpy()[np.newaxis], source))
        interpreter.invoke()
        boxes, classes, scores, count, *points = (interpreter.get_tensor(place) for place in places)
        found = int(count[0])
        # The places after the last detection hold what was there before.
        rows = [values[0, :found] for values in (boxes, classes + 1.0, scores, *points)]
        keypoints, point_scores = rows[3:] if points else (None, None)
        return in_order(rows[0], rows[1], rows[2], keypoints=keypoints, keypoint_scores=point_scores)

    return predict


def _interpreter(path: str) -> Any:
    with silence(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is said to move to a package of its own
        try:
            interpreter = tf.lite.Interpreter(model_path=path)
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"is no TFLite model that can be run: {reason}", path=path) from None
    return interpreter


def _places(interpreter: Any, path: str) -> list[int]:
    """Indices of the tensors of boxes, classes, scores and count, and of keypoints and their scores where there are six.

    TF2 exports have a signature that names them from the last to the first; TF1 exports name the tensors themselves.
    """
    details = {detail["name"]: detail["index"] for detail in interpreter.get_output_details()}
    signatures = interpreter.get_signature_list()
    if len(details) in (4, 6) and "serving_default" in signatures:
        named = interpreter.get_signature_runner().get_output_details()
        names = [f"output_{number}" for number in reversed(range(len(details)))]
        if set(names) == set(named):
            return [named[name]["index"] for name in names]
    names = [f"TFLite_Detection_PostProcess{end}" for end in ("", ":1", ":2", ":3")]
    if set(names) <= set(details):
        return [details[name] for name in names]
    raise UserError("does not have the outputs of an exported detector", path=path)


def quantized(image: Any, detail: Mapping[str, Any]) -> Any:
    """The image in the element type of an input, of which the interpreter gives `detail`."""
    if detail["dtype"] == np.float32:
        return image
    parameters = detail["quantization_parameters"]
    scale, zero = parameters["scales"][0], parameters["zero_points"][0]
    limits = np.iinfo(detail["dtype"])
    return np.clip(np.round(image / scale + zero), limits.min, limits.max).astype(detail["dtype"])

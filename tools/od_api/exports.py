"""What the OD API exports of the demo's checkpoint: signatures, and detections on one image.

`PYTHON -m tools.od_api.exports` writes `tests/training/recorded/exports.json`; of the demo's other configs, which have no
checkpoint, the signatures alone. Boxes and scores are rounded to 7 digits;
of the raw tensors every 7th value is kept.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from tools.od_api.stand_in import tensorflow

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "tests" / "training" / "recorded" / "exports.json"
INPUT_TYPES = ("image_tensor", "encoded_image_string_tensor", "tf_example", "float_image_tensor")
PADDED = "keep_aspect_ratio_resizer { min_dimension: 128 max_dimension: 128 pad_to_max_dimension: true }"
OTHERS = {
    "faster_rcnn": "",
    "faster_rcnn+free": "keep_aspect_ratio_resizer { min_dimension: 96 max_dimension: 160 }",
    "mask_rcnn": "",
    "center_net": "",
}
"""Demo configs, and the resizer in place of their own."""
ROWS = 96
"""Of the 128 rows of the image, so that it is not square."""


def main() -> None:
    """Export, run, write."""
    tf = tensorflow()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        source = folder / "source"
        shutil.copytree(ROOT / "fixtures" / "demo" / "pretrained", source)
        (source / "checkpoint").write_text(
            'model_checkpoint_path: "ckpt-1"\nall_model_checkpoint_paths: "ckpt-1"\n'
        )
        image = _image(tf)
        saved = {kind: _saved_model(tf, kind, "", source, folder / kind, image) for kind in INPUT_TYPES}
        padded = _saved_model(tf, "image_tensor", PADDED, source, folder / "padded", image)
        square = tf.image.resize(image, [128, 128]) / 127.5 - 1.0
        lite = {
            nms: _tflite(tf, nms == "regular", source, folder / nms, square) for nms in ("fast", "regular")
        }
        others = {name: _signature(tf, name, changes, folder / name) for name, changes in OTHERS.items()}
    found = {"saved_model": saved, "padded": padded, "tflite": lite, "signatures": others}
    TARGET.write_text(json.dumps(found, indent=1) + "\n")


def _image(tf: Any) -> Any:
    """The first validation image without its last rows."""
    record = next(iter(tf.data.TFRecordDataset(str(ROOT / "fixtures" / "shapes" / "shapes_val.record"))))
    example = tf.train.Example.FromString(record.numpy())
    return tf.io.decode_image(example.features.feature["image/encoded"].bytes_list.value[0])[:ROWS]


def _config(resizer: str) -> Any:
    from google.protobuf import text_format
    from object_detection.protos import pipeline_pb2

    pipeline = pipeline_pb2.TrainEvalPipelineConfig()
    text_format.Merge((ROOT / "fixtures" / "demo" / "pipeline.config").read_text(), pipeline)
    pipeline.model.ssd.num_classes = 2
    if resizer:
        pipeline.model.ssd.image_resizer.Clear()
        text_format.Merge(resizer, pipeline.model.ssd.image_resizer)
    return pipeline


def _saved_model(tf: Any, kind: str, resizer: str, source: Path, folder: Path, image: Any) -> dict[str, Any]:
    from object_detection import exporter_lib_v2

    exporter_lib_v2.export_inference_graph(kind, _config(resizer), str(source), str(folder))
    model = tf.saved_model.load(str(folder / "saved_model"))
    signature = model.signatures["serving_default"]
    inputs = signature.structured_input_signature[1]
    encoded = tf.io.encode_png(image)
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[encoded.numpy()]))
    example = tf.train.Example(features=tf.train.Features(feature={"image/encoded": feature}))
    fed = {
        "image_tensor": image[tf.newaxis],
        "encoded_image_string_tensor": encoded[tf.newaxis],
        "tf_example": tf.constant([example.SerializeToString()]),
        "float_image_tensor": tf.cast(image, tf.float32)[tf.newaxis],
    }[kind]
    outputs = signature(input_tensor=fed)
    return {
        "names": list(model.signatures),
        "files": sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()),
        "inputs": {name: [spec.dtype.name, spec.shape.as_list()] for name, spec in inputs.items()},
        "outputs": {
            name: [spec.dtype.name, spec.shape.as_list()]
            for name, spec in signature.structured_outputs.items()
        },
        "values": {name: _values(name, value.numpy()) for name, value in outputs.items()},
    }


def _signature(tf: Any, name: str, changes: str, folder: Path) -> dict[str, Any]:
    """Outputs of an export of a demo config: type and shape by name."""
    from google.protobuf import text_format
    from object_detection import exporter_lib_v2
    from object_detection.builders import model_builder
    from object_detection.protos import pipeline_pb2

    demo = ROOT / "fixtures" / "demo"
    text = (demo / f"{name.partition('+')[0]}.config").read_text().replace('"../', f'"{demo.parent}/')
    pipeline = pipeline_pb2.TrainEvalPipelineConfig()
    text_format.Merge(text, pipeline)
    if changes:
        resizer = getattr(pipeline.model, pipeline.model.WhichOneof("model")).image_resizer
        resizer.Clear()
        text_format.Merge(changes, resizer)
    model = model_builder.build(pipeline.model, is_training=False)
    images, shapes = model.preprocess(tf.zeros([1, 96, 128, 3]))
    model.postprocess(model.predict(images, shapes), shapes)
    source = folder / "source"
    tf.train.CheckpointManager(tf.train.Checkpoint(model=model), str(source), max_to_keep=1).save()
    exporter_lib_v2.export_inference_graph("image_tensor", pipeline, str(source), str(folder))
    signature = tf.saved_model.load(str(folder / "saved_model")).signatures["serving_default"]
    outputs = signature.structured_outputs
    return {key: [spec.dtype.name, spec.shape.as_list()] for key, spec in outputs.items()}


def _tflite(tf: Any, regular: bool, source: Path, folder: Path, image: Any) -> dict[str, Any]:
    from object_detection import export_tflite_graph_lib_tf2

    export_tflite_graph_lib_tf2.export_tflite_model(_config(""), str(source), str(folder), 10, regular)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "saved_model"))
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    interpreter.allocate_tensors()
    [source_detail] = interpreter.get_input_details()
    interpreter.set_tensor(source_detail["index"], image[tf.newaxis].numpy())
    interpreter.invoke()
    details = interpreter.get_output_details()
    return {
        "signatures": interpreter.get_signature_list(),
        "inputs": [[source_detail["name"], source_detail["shape"].tolist()]],
        "outputs": [[detail["name"], detail["shape"].tolist()] for detail in details],
        "values": [_values("", interpreter.get_tensor(detail["index"])) for detail in details],
    }


def _values(name: str, array: Any) -> list[float]:
    flat = array.ravel()[:: 7 if name.startswith("raw") else 1]
    return [float(f"{value:.7g}") for value in flat]


if __name__ == "__main__":
    main()

"""Networks and checkpoints that matching is tested with: made from tables, or small enough to oversee."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from cfgtool.checkpoints import Checkpoint, Entry
from cfgtool.networks import Initializer, NetworkDescription, Variable

REFERENCE = Path(os.environ.get("CFGTOOL_REFERENCE", Path(__file__).parents[3] / "shared"))
INITIALIZER = Initializer("constant")
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


def network(
    variables: list[Variable],
    type_: str = "ssd_mobilenet_v1",
    generation: str = "tf2",
    architecture: str = "ssd",
) -> NetworkDescription:
    """A detector of these variables."""
    shape = (300, 300, 3)
    return NetworkDescription(architecture, type_, generation, tuple(variables), shape, (), 0, 0, 0)  # type: ignore[arg-type]


def variable(
    name: str, shape: list[int], tf2_key: str | None, tf1_name: str | None, keras_name: str | None = None
) -> Variable:
    """A float32 variable with the names of both worlds."""
    return Variable(name, tuple(shape), True, INITIALIZER, tf2_key, keras_name, tf1_name)


def entry(key: str, shape: list[int] | tuple[int, ...], dtype: str = "float32") -> Entry:
    """An entry whose place in a data file does not matter."""
    return Entry(key, dtype, tuple(shape), 0, 0, 0, 0)


def checkpoint(entries: list[Entry], object_based: bool = True, save_counter: bool = True) -> Checkpoint:
    """A checkpoint that exists only here; as TF2 writes it, or with names of variables alone."""
    if object_based:
        entries = [entry(GRAPH, (), "string"), *entries]
        if save_counter:
            entries.append(entry("save_counter", (), "int64"))
    format_ = "tf2-object" if object_based else "tf1-name"
    return Checkpoint("model-1", format_, {item.key: item for item in entries})


def read(path: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(path.read_text())


def table(shared: Path, generation: str, stem: str) -> NetworkDescription:
    """The network of a table of the oracle; its variables are called by their parts and as in that table."""
    data = read(shared / "oracle" / generation / f"{stem}.json")
    variables = []
    for row in data["variables"]:
        if generation == "tf2":
            variables.append(variable(_named(row["key"]), row["shape"], row["key"], None, row["name"]))
        else:
            variables.append(variable(_named(row["name"]), row["shape"], None, row["name"]))
        if row.get("dtype", "float32") != "float32":
            variables[-1] = variables[-1]._replace(dtype=row["dtype"])
    return network(variables, data["feature_extractor_type"], generation, data["meta_architecture"])


_PARTS = {
    # The first of these that a name of a table contains.
    "PredictionTower": "head/tower",
    "_base_tower_layers": "head/tower",
    "model/_prediction_head_dict/": "head",
    "_first_stage_box_predictor_first_conv": "rpn/conv",
    "_first_stage_box_predictor/_prediction_heads/class": "rpn/class",
    "_first_stage_box_predictor/": "rpn/box",
    "FirstStageBoxPredictor/Class": "rpn/class",
    "FirstStageBoxPredictor/": "rpn/box",
    "mask_predictions": "head/mask",
    "SecondStageBoxPredictor/Conv": "head/mask",
    "_class_prediction_head": "head/class",
    "class_predictions": "head/class",
    "ClassPredictor": "head/class",
    "_box_prediction_head": "head/box",
    "box_encodings": "head/box",
    "BoxEncodingPredictor": "head/box",
    "refined_locations": "head/box",
    "redictor": "head/tower",
    "Attention": "attention",
    "fully_connected": "attention",
    "model/_feature_extractor_for_box_classifier": "box_backbone",
    "SecondStageFeatureExtractor": "box_backbone",
    "classification_backbone": "backbone",
    "_efficientnet": "backbone",
    "_base_model": "backbone",
    "/_network/": "backbone",
    "_features_generator": "neck",
    "coarse_feature_layers": "neck",
    "model/_feature_extractor_for_proposal": "backbone",
    "FirstStageFeatureExtractor": "backbone",
    "model/_feature_extractor/": "neck",
    "FeatureExtractor/": "backbone",
    "": "rpn/conv",
}
_TWINS = {
    # What class heads and box heads are called beside each other.
    "_box_prediction_head": "_prediction_heads/predictions",
    "class_predictions_with_background": "predictions",
    "box_encodings": "predictions",
    "_class_predictor_layers": "layers",
    "_box_encoder_layers": "layers",
    "ClassPredictor": "Predictor",
    "BoxEncodingPredictor": "Predictor",
    "class_predictions": "predictions",
    "refined_locations": "predictions",
}


def _named(key: str) -> str:
    """A name of our own for a variable of a table: its part of the network, and its key."""
    part = next(part for mark, part in _PARTS.items() if mark in key)
    folder, _, leaf = key.rpartition("/")
    for name, other in _TWINS.items():
        if part.startswith(("head/class", "head/box")):
            folder = folder.replace(name, other)
    leaf = {"biases": "bias", "weights": "kernel"}.get(leaf, leaf)
    return f"{part}/{folder}/{leaf}"


def own_checkpoint(description: NetworkDescription, head_factor: int = 1) -> Checkpoint:
    """All variables of a network under its own names; those of the class heads that many times as wide."""
    object_based = description.generation == "tf2"
    entries = []
    for item in description.variables:
        key = item.tf2_key if object_based else item.tf1_name
        shape = item.shape
        name = item.keras_name or item.tf1_name or ""
        if "ClassPredictor" in name and "depthwise" not in name:
            shape = (*shape[:-1], shape[-1] * head_factor)
        assert key is not None
        entries.append(entry(key, shape))
    return checkpoint(entries, object_based)


def with_three_classes(shared: Path, description: NetworkDescription, stem: str) -> NetworkDescription:
    """The network of a table as the OD API builds it for 3 classes in place of the config's."""
    data = read(shared / f"oracle/tf2/class_dependent/{stem}.json")
    shapes = {row["key"]: row["shape_at_3_classes"] for row in data["variables_whose_shape_changes"]}
    variables = [
        item._replace(shape=tuple(shapes.get(item.tf2_key, item.shape))) for item in description.variables
    ]
    return description._replace(variables=tuple(variables))


def classifier_of(shared: Path, description: NetworkDescription, stem: str) -> Checkpoint:
    """The checkpoint of a classifier as the OD API looks for it."""
    items = {item.tf2_key: item for item in description.variables}
    rows = read(shared / f"oracle/tf2/restore/{stem}.classification.json")["restored"]
    return checkpoint([entry(row["restore_key"], items[row["key"]].shape) for row in rows])


def moved(source: Checkpoint, old: str, new: str) -> Checkpoint:
    """The entries below the root `old`, below the root `new`."""
    start = f"{old}/"
    found = [item for item in source.tensors() if item.key.startswith(start)]
    return checkpoint([entry(f"{new}/{item.key[len(start) :]}", item.shape) for item in found])

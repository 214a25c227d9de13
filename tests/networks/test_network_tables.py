"""The dry run against the variables that the OD API itself builds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from network_configs import read

from cfgtool.networks import NetworkDescription, describe, described_extractors

pytestmark = pytest.mark.reference

STEMS = sorted(
    line
    for path in (Path(__file__).parent / "tables").glob("*.txt")
    for line in path.read_text(encoding="utf-8").split()
)
"""`tf1/NAME` or `tf2/NAME` of every table that a described network must be equal to, one file per family."""
TF1 = [stem.removeprefix("tf1/") for stem in STEMS if stem.startswith("tf1/")]
TF2 = [stem.removeprefix("tf2/") for stem in STEMS if stem.startswith("tf2/")]
MAPPINGS = {
    "ssd_mobilenet_v1": "ssd_mobilenet_v1_coco",
    "ssd_mobilenet_v1_fpn": "ssd_mobilenet_v1_fpn_shared_box_predictor_640x640_coco14_sync",
    "ssd_mobilenet_v2": "ssd_mobilenet_v2_coco",
    "ssdlite_mobilenet_v2": "ssdlite_mobilenet_v2_coco",
    "faster_rcnn_resnet50": "faster_rcnn_resnet50_coco",
    "faster_rcnn_inception_resnet_v2": "faster_rcnn_inception_resnet_v2_atrous_coco",
    "ssd_resnet50_v1_fpn": "ssd_resnet50_v1_fpn_shared_box_predictor_640x640_coco14_sync",
}
NUMBERED = re.compile(r"(conv2d|conv2d_transpose|batch_normalization)(_\d+)?/|center_net_hourglass")
"""Names in CenterNet that tell when in the process a layer was made; here such layers are named by what they do."""

CLASS_DEPENDENT = [
    "centernet_hourglass104_512x512_coco17_tpu-8",
    "centernet_resnet50_v1_fpn_512x512_kpts_coco17_tpu-8",
    "ssd_efficientdet_d0_512x512_coco17_tpu-8",
    "ssd_mobilenet_v2_320x320_coco17_tpu-8",
    "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8",
    "faster_rcnn_resnet50_v1_640x640_coco17_tpu-8",
    "faster_rcnn_resnet50_v1_fpn_640x640_coco17_tpu-8",
    "mask_rcnn_inception_resnet_v2_1024x1024_coco17_gpu-8",
]


def described(shared: Path, stem: str, *, classes: int | None = None) -> NetworkDescription:
    paths = [shared / "corpus" / folder / f"{stem}.config" for folder in ("configs_tf1", "configs_tf2")]
    text = next(path for path in paths if path.exists()).read_text()
    # The recorded tables come from a resizer without conversion to grey.
    text = text.replace("convert_to_grayscale: true", "")
    if classes is not None:
        text = text.replace("num_classes: 90", f"num_classes: {classes}")
    return describe(read(text))


def table(shared: Path, path: str) -> dict:
    return json.loads((shared / "oracle" / path).read_text())


def test_every_table_of_a_described_network_is_compared(shared: Path) -> None:
    for path in shared.glob("oracle/tf[12]/*.json"):
        type_ = json.loads(path.read_text())["feature_extractor_type"]
        named = f"{path.parent.name}/{path.stem}" in STEMS
        assert named == (type_ in described_extractors()), path.stem


@pytest.mark.parametrize("stem", TF2)
def test_a_tf2_network_has_the_variables_of_the_od_api(shared: Path, stem: str) -> None:
    expected = table(shared, f"tf2/{stem}.json")
    network = described(shared, stem)
    assert {v.tf2_key: (list(v.shape), v.trainable, v.dtype) for v in network.variables} == {
        v["key"]: (v["shape"], v["trainable"], v["dtype"]) for v in expected["variables"]
    }
    names = {v["key"]: v["name"] for v in expected["variables"]}
    if network.meta_architecture == "center_net":
        names = {key: name for key, name in names.items() if not NUMBERED.match(name)}
    assert {v.tf2_key: v.keras_name for v in network.variables if v.tf2_key in names} == names
    assert len(network.variables) == expected["number_of_variables"]
    assert network.parameters == expected["number_of_parameters"]
    assert network.trainable_parameters == expected["trainable_parameters"]


@pytest.mark.parametrize("stem", TF1)
def test_a_tf1_network_has_the_variables_of_the_od_api(shared: Path, stem: str) -> None:
    expected = table(shared, f"tf1/{stem}.json")
    # Built alone, NASNet makes the step counter of training inside its own scope.
    rows = [v for v in expected["variables"] if not v["name"].endswith("/global_step")]
    network = described(shared, stem)
    assert {v.tf1_name: (list(v.shape), v.trainable) for v in network.variables} == {
        v["name"]: (v["shape"], v["trainable"]) for v in rows
    }
    steps = expected["number_of_variables"] - len(rows)
    assert len(network.variables) == len(rows)
    assert network.parameters == expected["number_of_parameters"] - steps
    assert network.trainable_parameters == expected["trainable_parameters"]


@pytest.mark.parametrize("stem", ["ssd_mobilenet_v1_coco", "ssdlite_mobilenet_v2_coco"])
def test_kernels_come_in_the_order_of_the_tf1_graph(shared: Path, stem: str) -> None:
    expected = table(shared, f"tf1/{stem}.json")["variables"]
    names = [v.tf1_name for v in described(shared, stem).variables]
    assert [name for name in names if "BatchNorm" not in str(name)] == [
        v["name"] for v in expected if "BatchNorm" not in v["name"]
    ]


@pytest.mark.parametrize("pair", MAPPINGS)
def test_both_names_of_a_variable_belong_together(shared: Path, pair: str) -> None:
    facts = table(shared, f"golden_tf1/mapping/{pair}.json")
    alone = dict.fromkeys(facts.get("tf1_variables_without_counterpart", ()))
    network = described(shared, MAPPINGS[pair])
    assert {v.tf1_name: v.tf2_key and v.tf2_key.removeprefix("model/") for v in network.variables} == {
        **facts["mapping"],
        **alone,
    }


@pytest.mark.parametrize("stem", CLASS_DEPENDENT)
def test_another_number_of_classes_changes_the_same_variables(shared: Path, stem: str) -> None:
    expected = table(shared, f"tf2/class_dependent/{stem}.json")
    many, few = described(shared, stem), described(shared, stem, classes=3)
    changed = {
        a.tf2_key: (list(a.shape), list(b.shape))
        for a, b in zip(many.variables, few.variables, strict=True)
        if a.shape != b.shape
    }
    assert changed == {
        v["key"]: (v["shape_at_config_num_classes"], v["shape_at_3_classes"])
        for v in expected["variables_whose_shape_changes"]
    }

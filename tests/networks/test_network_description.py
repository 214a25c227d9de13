"""What `describe` says of a config, with numbers that are kept here."""

from __future__ import annotations

import subprocess
import sys

import pytest
from network_configs import pipeline, read

from cfgtool.errors import UserError
from cfgtool.networks import NetworkDescription, describe

FULL = "depth_multiplier: 1.0"
LITE = f"{FULL} use_depthwise: true fpn {{ additional_layer_depth: 128 }}"
SIX = "ssd_anchor_generator { aspect_ratios: [1.0, 2.0, 0.5, 3.0, 0.3333] }"
FIVE = "multiscale_anchor_generator { aspect_ratios: [1.0, 2.0, 0.5] }"
DEEP = "depth: 256 num_layers_before_predictor: 4"
LITE_HEAD = "depth: 128 num_layers_before_predictor: 4 use_depthwise: true share_prediction_tower: true"

SIZES = [
    ("ssd_mobilenet_v1", FULL, "kernel_size: 1", SIX, 199, 6_845_183),
    ("ssd_mobilenet_v1_keras", FULL, "kernel_size: 1", SIX, 199, 6_845_183),
    ("ssd_mobilenet_v1", "depth_multiplier: 0.75", "kernel_size: 1", SIX, 199, 4_129_743),
    ("ssd_mobilenet_v2_keras", FULL, "kernel_size: 1", SIX, 324, 6_103_999),
    ("ssd_mobilenet_v2", f"{FULL} use_depthwise: true", "use_depthwise: true", SIX, 404, 4_551_295),
    ("ssd_mobilenet_v1_fpn_keras", FULL, DEEP, FIVE, 333, 12_125_178),
    ("ssd_mobilenet_v2_fpn_keras", LITE, LITE_HEAD, FIVE, 384, 2_667_002),
]
"""The published COCO models with 90 classes: extractor, head, anchors, variables, parameters as the OD
API counts them.
"""


def by_name(network: NetworkDescription) -> dict[str, tuple[int, ...]]:
    return {variable.name: variable.shape for variable in network.variables}


@pytest.mark.parametrize(("type_", "extractor", "head", "anchors", "variables", "parameters"), SIZES)
def test_sizes_of_published_models(
    type_: str, extractor: str, head: str, anchors: str, variables: int, parameters: int
) -> None:
    network = describe(pipeline(type_, classes=90, extractor=extractor, head=head, anchors=anchors))
    assert (len(network.variables), network.parameters) == (variables, parameters)


def test_a_variable_knows_all_of_its_names() -> None:
    network = describe(pipeline("ssd_mobilenet_v2_keras"))
    variable = next(v for v in network.variables if v.name == "backbone/block_13/expand/batch_norm/gamma")
    assert variable.tf2_key == "model/_feature_extractor/classification_backbone/layer_with_weights-79/gamma"
    assert variable.keras_name == "block_13_expand_BN/gamma"
    assert variable.tf1_name == "FeatureExtractor/MobilenetV2/expanded_conv_13/expand/BatchNorm/gamma"


@pytest.mark.parametrize(
    "type_", ["ssd_mobilenet_v1_keras", "ssd_mobilenet_v2", "ssd_mobilenet_v2_fpn_keras"]
)
def test_names_are_unique_in_every_world(type_: str) -> None:
    network = describe(pipeline(type_))
    for names in zip(
        *((v.name, v.tf2_key, v.keras_name, v.tf1_name) for v in network.variables), strict=True
    ):
        assert len(set(names)) == len(names)
        assert None not in names


def test_a_type_of_tf1_alone_has_no_other_names() -> None:
    anchors = "ssd_anchor_generator { num_layers: 5 aspect_ratios: 1.0 }"
    network = describe(pipeline("embedded_ssd_mobilenet_v1", anchors=anchors))
    assert {(v.tf2_key, v.keras_name) for v in network.variables} == {(None, None)}
    with pytest.raises(UserError, match="has no TF2 form"):
        describe(pipeline("embedded_ssd_mobilenet_v1", anchors=anchors), "tf2")


def test_feature_maps_and_anchors() -> None:
    network = describe(pipeline("ssd_mobilenet_v1_keras", size=300))
    assert [shape[0] for shape in network.feature_maps] == [19, 10, 5, 3, 2, 1]
    assert network.input_shape == (300, 300, 3)
    assert network.anchors == 19 * 19 * 3 + 4 * (100 + 25 + 9 + 4 + 1)


def test_padding_to_a_multiple_enlarges_the_maps() -> None:
    network = describe(pipeline(size=300, extractor="depth_multiplier: 0.25 pad_to_multiple: 32"))
    assert [shape[0] for shape in network.feature_maps] == [20, 10, 5, 3, 2, 1]


@pytest.mark.parametrize(
    ("resizer", "shape"),
    [
        ("keep_aspect_ratio_resizer { min_dimension: 600 max_dimension: 1024 }", (600, 1024, 3)),
        (
            "keep_aspect_ratio_resizer { max_dimension: 640 min_dimension: 640 pad_to_max_dimension: true }",
            (640, 640, 3),
        ),
        ("fixed_shape_resizer { height: 300 width: 400 convert_to_grayscale: true }", (300, 400, 1)),
        ("identity_resizer {}", (320, 320, 3)),
    ],
)
def test_image_shapes(resizer: str, shape: tuple[int, int, int]) -> None:
    from cfgtool.networks.image_size import image_shape

    assert (
        image_shape(
            read(f"model {{ ssd {{ image_resizer {{ {resizer} }} }} }}").find("model.ssd.image_resizer")
        )
        == shape
    )


def test_generations_differ_in_the_width_of_fpn_lite_only() -> None:
    config = pipeline("ssd_mobilenet_v2_fpn_keras", extractor=LITE, head="use_depthwise: true")
    slim, keras = by_name(describe(config, "tf1")), by_name(describe(config, "tf2"))
    assert slim.keys() == keras.keys()
    assert {name for name in slim if slim[name] != keras[name]} == {
        "backbone/last/kernel",
        *(f"backbone/last/batch_norm/{leaf}" for leaf in ("gamma", "beta", "moving_mean", "moving_variance")),
        "neck/projection_3/kernel",
    }
    assert slim["backbone/last/kernel"] == (1, 1, 320, 256)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("", "the config has no model"),
        ("model { experimental_model { } }", "'experimental_model' is not described yet"),
        (
            'model { ssd { feature_extractor { type: "ssd_mobilnet_v2_keras" } } }',
            "nearest is 'ssd_mobilenet_v2_keras'",
        ),
        ('model { ssd { feature_extractor { type: "ssd_spaghettinet" } } }', "not described yet"),
        ("model { ssd { } }", "'' is unknown"),
    ],
)
def test_what_cannot_be_described_is_refused_with_a_way_out(config: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        describe(read(config))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"anchors": "ssd_anchor_generator { num_layers: 5 aspect_ratios: 1.0 }"},
            "has 5 layers, .* 6 feature maps",
        ),
        ({"anchors": "multiscale_anchor_generator { }"}, "anchors per location"),
        ({"anchors": "ssd_anchor_generator { num_layers: 0 }"}, "'?no'? anchors"),
        ({"classes": 0, "ssd": "add_background_class: false"}, "has no classes"),
        (
            {"type_": "ssd_mobilenet_v2_fpn", "extractor": "fpn { min_level: 6 }"},
            "fpn.min_level 6 is not between 2 and 5",
        ),
        (
            {"type_": "ssd_mobilenet_v2_fpn", "anchors": "ssd_anchor_generator { aspect_ratios: [1, 2, 3] }"},
            "equally many|layers",
        ),
        ({"ssd": "box_predictor { mask_rcnn_box_predictor { } }"}, "cannot have the box predictor"),
        ({"extractor": "depth_multiplier: nan"}, "feature_extractor.depth_multiplier' is not a number"),
        ({"type_": "ssd_mobilenet_v2_fpn", "head": "depth: 0"}, "tower of depth 0"),
        (
            {"hyper": 'initializer { keras_initializer_by_name: "unheard_of" }'},
            "unknown keras_initializer_by_name",
        ),
    ],
)
def test_settings_that_cannot_be_built_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        describe(pipeline(**changes))  # type: ignore[arg-type]


def test_the_dry_run_imports_no_array_library() -> None:
    code = """
import sys
sys.path.insert(0, sys.argv[1])
from network_configs import pipeline
from cfgtool.networks import describe
describe(pipeline())
print([name for name in ("tensorflow", "numpy", "google.protobuf", "difflib") if name in sys.modules])
"""
    folder = __file__.rpartition("/")[0]
    result = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"

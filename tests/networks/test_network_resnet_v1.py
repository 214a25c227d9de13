"""Networks on ResNet V1: settings that they read, and those that they refuse."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from network_configs import HYPER, pipeline, read

from cfgtool.errors import UserError
from cfgtool.networks import describe
from cfgtool.networks.backbones.resnet_v1 import UNITS, ResNetV1, own_hyper, resnet_v1
from cfgtool.networks.faster_rcnn import resnet_v1_fpn
from cfgtool.networks.faster_rcnn.extractor import read_extractor
from cfgtool.networks.names import Names
from cfgtool.networks.ops import BatchNorm
from cfgtool.networks.shapes import Shape, ShapeOps
from cfgtool.networks.variables import Initializer
from cfgtool.schema import Config

Generation = Literal["tf1", "tf2"]

FPN = "ssd_resnet50_v1_fpn"
WIDE = "depth_multiplier: 1.0"
CONFIGURED = Initializer("truncated_normal", stddev=0.03)
PPN_ANCHORS = "ssd_anchor_generator { num_layers: 6 aspect_ratios: 1.0 }"


def two_stages(type_: str, extractor: str = "", **model: str) -> Config:
    """A Faster R-CNN config."""
    anchors = (
        "multiscale_anchor_generator { aspect_ratios: 1.0 }"
        if "fpn" in type_
        else "grid_anchor_generator { scales: 1.0 aspect_ratios: 1.0 }"
    )
    more = " ".join(f"{name}: {value}" for name, value in model.items())
    return read(f"""
model {{
  faster_rcnn {{
    num_classes: 3
    image_resizer {{ fixed_shape_resizer {{ height: 64 width: 64 }} }}
    feature_extractor {{ type: "{type_}" {extractor} }}
    first_stage_anchor_generator {{ {anchors} }}
    first_stage_box_predictor_conv_hyperparams {{ }}
    initial_crop_size: 14 maxpool_kernel_size: 2 maxpool_stride: 2
    second_stage_box_predictor {{ mask_rcnn_box_predictor {{ fc_hyperparams {{ }} }} }}
    {more}
  }}
}}
""")


class Norms(ShapeOps):
    """Remembers the settings of every batch norm and the activations."""

    def __init__(self) -> None:
        super().__init__()
        self.norms: dict[str, BatchNorm] = {}
        self.activations: list[str] = []

    def batch_norm(self, x: Shape, layer: Names, norm: BatchNorm) -> Shape:
        self.norms[layer.name] = norm
        return super().batch_norm(x, layer, norm)

    def activation(self, x: Shape, kind: str) -> Shape:
        self.activations.append(kind)
        return super().activation(x, kind)


@pytest.mark.parametrize(
    ("generation", "own"),
    [
        ("tf1", (Initializer("variance_scaling", factor=2.0), 1e-4)),
        ("tf2", (Initializer("variance_scaling", factor=1.0), 2e-4)),
    ],
)
def test_kernels_are_the_configs_under_an_override_only(
    generation: Generation, own: tuple[Initializer, float]
) -> None:
    for override, expected in (("false", own), ("true", (CONFIGURED, 4e-5))):
        flag = f"{WIDE} override_base_feature_extractor_hyperparams: {override}"
        variables = describe(pipeline(FPN, extractor=flag), generation).variables
        kernels = [v for v in variables if v.name.startswith("backbone/") and v.name.endswith("/kernel")]
        (start,) = {v.initializer._replace(stddev=round(v.initializer.stddev, 6)) for v in kernels}
        assert start == expected[0]
        assert [v.l2 for v in kernels] == [pytest.approx(expected[1])] * 53


def test_the_backbone_of_a_pooling_pyramid_takes_neither_override_nor_depth() -> None:
    settings = f"{WIDE} min_depth: 100 override_base_feature_extractor_hyperparams: true"
    config = pipeline("ssd_resnet50_v1_ppn", extractor=settings, anchors=PPN_ANCHORS)
    variables = {v.name: v for v in describe(config).variables}
    assert variables["backbone/stem/kernel"].l2 == pytest.approx(1e-4)
    assert variables["backbone/block_1/unit_1/conv_1/kernel"].shape == (1, 1, 64, 64)
    assert variables["neck/base/kernel"].l2 == pytest.approx(4e-5)


@pytest.mark.parametrize("type_", ["faster_rcnn_resnet50", "faster_rcnn_resnet50_keras"])
def test_faster_rcnn_has_no_weight_decay(type_: str) -> None:
    assert not any(v.l2 for v in describe(two_stages(type_)).variables)


@pytest.mark.parametrize("trains", [True, False])
def test_norms_of_a_pyramid_train_where_they_may(*, trains: bool) -> None:
    settings = f"batch_norm_trainable: {str(trains).lower()} conv_hyperparams {{ {HYPER} }}"
    config = two_stages("faster_rcnn_resnet50_fpn_keras", settings)
    extractor = read_extractor(config.find("model.faster_rcnn"), "tf2")
    ops = Norms()
    resnet_v1_fpn.box_features(
        ops, resnet_v1_fpn.proposal_features(ops, (1, 64, 64, 3), extractor)[0], extractor
    )
    assert {norm.train for norm in ops.norms.values()} == {trains}
    # Without an override the backbone has norms of its own.
    assert {n.epsilon for name, n in ops.norms.items() if name.startswith("backbone")} == {1e-5}
    assert {round(n.epsilon, 6) for name, n in ops.norms.items() if not name.startswith("backbone")} == {
        0.001
    }
    assert [name for name, norm in ops.norms.items() if not norm.sample] == [
        "box_backbone/dense_0/batch_norm"
    ]


@pytest.mark.parametrize("size", UNITS)
def test_layers_are_counted_as_in_the_name(size: int) -> None:
    """Every weight layer but the classifier and the shortcuts."""
    ops = ShapeOps()
    network = ResNetV1(size, own_hyper("tf2"), "relu", "tf2")
    maps = resnet_v1(ops, (1, 64, 96, 3), Names("", "", "", ""), network)
    kernels = [name for name in ops.variables if name.endswith("kernel") and "shortcut" not in name]
    assert len(kernels) == size - 1
    assert [x[1:] for x in maps] == [(16, 24, 256), (8, 12, 512), (4, 6, 1024), (2, 3, 2048)]


def test_slim_keeps_its_first_convolution_and_its_relu() -> None:
    narrow = "depth_multiplier: 0.5 min_depth: 8 override_base_feature_extractor_hyperparams: true"
    slim, keras = (
        {v.name: v.shape for v in describe(pipeline(FPN, extractor=narrow), form).variables}
        for form in ("tf1", "tf2")
    )
    assert (slim["backbone/stem/kernel"][3], keras["backbone/stem/kernel"][3]) == (64, 32)
    assert slim["backbone/block_4/unit_1/conv_3/kernel"] == keras["backbone/block_4/unit_1/conv_3/kernel"]


def test_keras_takes_no_other_levels_of_a_pyramid() -> None:
    usual = describe(pipeline(f"{FPN}_keras", extractor=WIDE))
    other = f"{WIDE} fpn {{ min_level: 4 max_level: 6 additional_layer_depth: 64 }}"
    assert describe(pipeline(f"{FPN}_keras", extractor=other)).variables == usual.variables
    with pytest.raises(UserError, match="5 layers, the feature extractor 3"):
        describe(pipeline(FPN, extractor=other))


def test_the_unused_block_of_slims_first_stage_costs_next_to_nothing() -> None:
    slim = describe(two_stages("faster_rcnn_resnet50", number_of_stages="1"))
    unused = [v for v in slim.variables if v.name.startswith("backbone/block_4")]
    assert len(unused) == 50
    assert {(v.tf2_key, v.keras_name) for v in unused} == {(None, None)}
    keras = describe(two_stages("faster_rcnn_resnet50_keras", number_of_stages="1"))
    assert slim.multiply_adds - keras.multiply_adds < 0.05 * keras.multiply_adds


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (pipeline(FPN, extractor=f"{WIDE} use_explicit_padding: true"), "cannot have use_explicit_padding"),
        (
            pipeline(FPN, extractor="depth_multiplier: 0.0 min_depth: 0"),
            "leaves a convolution 0 of 64 filters",
        ),
        (pipeline(FPN, extractor="depth_multiplier: nan"), "depth_multiplier' is not a number"),
        (
            pipeline(FPN, extractor="min_depth: 0 fpn { additional_layer_depth: 0 }"),
            "pyramid cannot have 0 channels",
        ),
        (
            pipeline("ssd_resnet50_v1_ppn", extractor="num_layers: 4", anchors=PPN_ANCHORS),
            "takes no num_layers",
        ),
        (
            pipeline("ssd_resnet50_v1_ppn", extractor="depth_multiplier: 0.5", anchors=PPN_ANCHORS),
            "has no depth_multiplier 0.5",
        ),
        (two_stages("faster_rcnn_resnet50", "first_stage_features_stride: 32"), "stride 32 in TF1"),
        (two_stages("faster_rcnn_resnet50_keras", "first_stage_features_stride: 8"), "stride 8 in TF2"),
        (two_stages("faster_rcnn_resnet50_keras", "conv_hyperparams { }"), "takes no conv_hyperparams"),
        (two_stages("faster_rcnn_resnet50_keras", "fpn { }"), "takes no fpn"),
        (two_stages("faster_rcnn_resnet50_fpn_keras"), "needs conv_hyperparams"),
        (
            two_stages(
                "faster_rcnn_resnet50_fpn_keras", "first_stage_features_stride: 32 conv_hyperparams { }"
            ),
            "has no first_stage_features_stride 32",
        ),
        (
            two_stages("faster_rcnn_resnet50_fpn_keras", "fpn { min_level: 6 } conv_hyperparams { }"),
            "min_level 6 is not between",
        ),
    ],
)
def test_what_cannot_be_built_is_refused(config: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        describe(config)

"""Where the two generations compute differently with the same variables, and under which settings only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from network_configs import HYPER, pipeline, read

from cfgtool.networks import Difference, Initializer, Variable, describe
from cfgtool.schema import Config

RELU = HYPER.replace("RELU_6", "RELU")
OVERRIDE = "depth_multiplier: 0.25 override_base_feature_extractor_hyperparams: true"
PYRAMID = ("neck", "TF1 hands the plain sum down the feature pyramid, TF2 the smoothed map")
V2_ACTIVATION = (
    "backbone",
    "the backbone's activation is relu_6 in TF1, and relu from conv_hyperparams in TF2",
)
TOWERS = ("head", "the head's towers have relu_6 in TF1, and relu from conv_hyperparams in TF2")


def levels(first: int, last: int) -> str:
    return f"depth_multiplier: 0.25 fpn {{ min_level: {first} max_level: {last} }}"


def scales(first: int, last: int) -> str:
    return f"multiscale_anchor_generator {{ min_level: {first} max_level: {last} aspect_ratios: 1.0 }}"


def faster_rcnn(type_: str, stages: int = 2) -> Config:
    return read(f"""model {{ faster_rcnn {{
      number_of_stages: {stages} num_classes: 3
      image_resizer {{ fixed_shape_resizer {{ height: 64 width: 64 }} }}
      feature_extractor {{ type: "{type_}" }}
      first_stage_anchor_generator {{ grid_anchor_generator {{ scales: 1.0 aspect_ratios: 1.0 }} }}
      initial_crop_size: 14 maxpool_kernel_size: 2 maxpool_stride: 2
      second_stage_box_predictor {{ mask_rcnn_box_predictor {{ }} }}
    }} }}""")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (faster_rcnn("faster_rcnn_resnet50", stages=1), []),
        (
            faster_rcnn("faster_rcnn_resnet50_keras"),
            [
                (
                    "box_backbone",
                    "the second stage's block keeps the size of the crop in TF1, and halves it in TF2",
                )
            ],
        ),
        (
            faster_rcnn("faster_rcnn_inception_resnet_v2"),
            [
                (
                    "box_backbone",
                    "the second stage's reduction stays inside the crop in TF1, and is padded in TF2",
                )
            ],
        ),
        (pipeline("ssd_mobilenet_v1"), []),
        (pipeline("ssd_mobilenet_v1", extractor=OVERRIDE, hyper=RELU), []),
        (pipeline("ssd_mobilenet_v2"), []),
        (pipeline("ssd_mobilenet_v2", extractor=f"{OVERRIDE} use_depthwise: true"), []),
        (pipeline("ssd_mobilenet_v2", hyper=RELU), []),
        (pipeline("ssd_mobilenet_v2", extractor=OVERRIDE, hyper=RELU), [V2_ACTIVATION]),
        (pipeline("ssd_mobilenet_v2_keras", extractor=OVERRIDE, hyper=RELU), [V2_ACTIVATION]),
        (pipeline("ssd_mobilenet_v1_fpn"), [PYRAMID]),
        (pipeline("ssd_mobilenet_v2_fpn_keras"), [PYRAMID]),
        (pipeline("ssd_mobilenet_v1_fpn", hyper=RELU), [PYRAMID, TOWERS]),
        (pipeline("ssd_mobilenet_v1_fpn", extractor=levels(4, 7), anchors=scales(4, 7)), []),
        (
            pipeline("ssd_mobilenet_v1_fpn", extractor=levels(3, 4), anchors=scales(3, 4)),
            [("neck", "TF1 builds the feature pyramid on level 3 to 4, TF2 on 4 to 5")],
        ),
        (
            pipeline("ssd_mobilenet_v1", head="apply_sigmoid_to_scores: true"),
            [("head", "the head applies a sigmoid to its class scores in TF1, and not in TF2")],
        ),
    ],
)
def test_differences_show_under_their_settings_only(config: Config, expected: list[tuple[str, str]]) -> None:
    """Both generations' descriptions of a config say the same."""
    for generation in ("tf1", "tf2"):
        assert list(describe(config, generation).differences) == [Difference(*pair) for pair in expected]


def test_a_difference_concerns_the_variables_of_its_part() -> None:
    def named(name: str) -> Variable:
        return Variable(name, (1,), True, Initializer("constant"), None, None, None)

    neck = Difference("neck", "")
    assert neck.concerns(named("neck/projection_3/kernel"))
    assert not neck.concerns(named("necklace/kernel"))
    assert not neck.concerns(named("backbone/kernel"))
    assert Difference("", "").concerns(named("backbone/kernel"))


@pytest.mark.reference
@pytest.mark.parametrize(
    ("pair", "stem", "parts"),
    [
        ("ssd_mobilenet_v1", "ssd_mobilenet_v1_coco", []),
        ("ssd_mobilenet_v2", "ssd_mobilenet_v2_coco", []),
        ("ssd_mobilenet_v1_fpn", "ssd_mobilenet_v1_fpn_shared_box_predictor_640x640_coco14_sync", ["neck"]),
        (
            "ssd_resnet50_v1_fpn",
            "ssd_resnet50_v1_fpn_shared_box_predictor_640x640_coco14_sync",
            ["backbone", "backbone", "neck"],
        ),
        ("faster_rcnn_resnet50", "faster_rcnn_resnet50_coco", ["box_backbone"]),
    ],
)
def test_differences_agree_with_the_recorded_experiments(
    shared: Path, pair: str, stem: str, parts: list[str]
) -> None:
    """A pair has as many as causes were found: epsilon and activation of ResNet, pyramid, stride of conv5."""
    folder = shared / "oracle/golden_tf1"
    network = describe(read((folder / f"{stem}.config").read_text()))
    assert [difference.part for difference in network.differences] == parts
    equal = json.loads((folder / "experiments/equal_pairs.json").read_text())
    assert (pair in equal) == (not parts)
    assert pair in equal or (folder / f"experiments/{pair}.json").is_file()


@pytest.mark.reference
def test_without_an_override_only_the_pyramid_of_resnet_is_left(shared: Path) -> None:
    path = shared / "oracle/golden_tf1/ssd_resnet50_v1_fpn_shared_box_predictor_640x640_coco14_sync.config"
    text = path.read_text().replace("override_base_feature_extractor_hyperparams: true", "")
    assert describe(read(text)).differences == (Difference(*PYRAMID),)


@pytest.mark.reference
def test_one_reduction_of_inception_resnet_is_padded_in_tf2_alone(shared: Path) -> None:
    stem = "faster_rcnn_inception_resnet_v2_atrous_coco__stride16"
    path = shared / f"oracle/golden_tf1/{stem}.config"
    network = describe(read(path.read_text()))
    assert network.differences == (
        Difference(
            "box_backbone", "the second stage's reduction stays inside the crop in TF1, and is padded in TF2"
        ),
    )

"""CenterNet: which heads a config has, how many keypoints, what images, and what cannot be built."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from network_configs import read

from cfgtool.cli.main import main
from cfgtool.errors import UserError
from cfgtool.networks import NetworkDescription, describe, described_extractors
from cfgtool.networks.center_net.detector import center_net
from cfgtool.networks.shapes import ShapeOps
from cfgtool.schema import Config

FIXED = "fixed_shape_resizer {{ height: {0} width: {1} }}"
BOXES = "object_detection_task { }"
POSE = 'task_name: "pose" keypoint_class_name: "arrow" '
STD = 'keypoint_label_to_std {{ key: "{0}" value: 1.0 }} '
TWO = POSE + STD.format("tip") + STD.format("tail")


def config(
    tasks: str = BOXES,
    *,
    type_: str = "hourglass_10",
    resizer: str = FIXED.format(64, 64),
    extractor: str = "",
) -> Config:
    """A CenterNet config of 3 classes."""
    return read(f"""
model {{
  center_net {{
    num_classes: 3
    image_resizer {{ {resizer} }}
    feature_extractor {{ type: "{type_}" {extractor} }}
    {tasks}
  }}
}}
""")


def task(text: str) -> str:
    return f"keypoint_estimation_task {{ {text} }}"


def outputs(config: Config, keypoints: Mapping[str, int] | None = None) -> list[dict[str, int]]:
    """The heads of every stack and their channels."""
    stacks = center_net(ShapeOps(), config.find("model.center_net"), (1, 128, 128, 3), keypoints)
    return [{name: shape[3] for name, shape in heads.items()} for heads in stacks]


def names(network: NetworkDescription) -> set[str]:
    return {variable.name for variable in network.variables}


def test_every_task_has_its_heads_in_the_order_of_the_od_api() -> None:
    tasks = f"""
    {BOXES}
    {task(TWO + "predict_depth: true per_keypoint_offset: true")}
    mask_estimation_task {{ }}
    densepose_estimation_task {{ num_parts: 5 }}
    track_estimation_task {{ num_track_ids: 7 reid_embed_size: 16 }}
    temporal_offset_task {{ }}
    """
    (heads,) = outputs(config(tasks))
    assert list(heads.items()) == [
        ("object_center", 3),
        ("box/scale", 2),
        ("box/offset", 2),
        ("pose/keypoint/heatmap", 2),
        ("pose/keypoint/regression", 4),
        ("pose/keypoint/offset", 4),
        ("pose/keypoint/depth", 1),
        ("segmentation/heatmap", 3),
        ("densepose/heatmap", 5),
        ("densepose/regression", 10),
        ("track/reid", 16),
        ("track/offset", 2),
    ]


def test_a_stacked_hourglass_has_heads_on_each_map() -> None:
    network = describe(config(type_="hourglass_104", resizer=FIXED.format(128, 256)))
    assert len(outputs(config(type_="hourglass_104"))) == 2
    assert network.feature_maps == ((32, 64, 256), (32, 64, 256))
    for stack in (0, 1):
        assert f"head/box/scale/{stack}/output/kernel" in names(network)


@pytest.mark.parametrize("type_", described_extractors("center_net"))
def test_maps_have_a_quarter_of_the_size_and_names_are_unique(type_: str) -> None:
    network = describe(config(type_=type_, resizer=FIXED.format(256, 128)))
    assert {shape[:2] for shape in network.feature_maps} == {(64, 32)}
    for world in zip(*((v.name, v.tf2_key, v.keras_name) for v in network.variables), strict=True):
        assert len(set(world)) == len(world)
        assert None not in world
    assert {v.tf1_name for v in network.variables} == {None}
    assert (network.generation, network.anchors, network.verified) == ("tf2", 0, True)
    # The meta-architecture asks no part of the network for its penalties.
    assert {(v.l1, v.l2) for v in network.variables} == {(0.0, 0.0)}


def test_heatmaps_start_below_zero_and_other_outputs_at_it() -> None:
    tasks = (
        f"{BOXES} {task(TWO + 'heatmap_bias_init: -1.5')} mask_estimation_task {{ }} "
        "densepose_estimation_task { } object_center_params { heatmap_bias_init: -4.5 }"
    )
    biases = {
        v.name.split("/", 1)[1].removesuffix("/0/output/bias"): v.initializer.value
        for v in describe(config(tasks)).variables
        if v.name.endswith("/output/bias")
    }
    assert biases == {
        "object_center": -4.5,
        "box/scale": 0.0,
        "box/offset": 0.0,
        "pose/keypoint/heatmap": -1.5,
        "pose/keypoint/regression": 0.0,
        "pose/keypoint/offset": 0.0,
        "segmentation/heatmap": pytest.approx(-2.19),
        "densepose/heatmap": pytest.approx(-2.19),
        "densepose/regression": 0.0,
    }


def test_the_label_map_says_how_many_keypoints_there_are() -> None:
    pose = config(task(TWO))
    assert outputs(pose)[0]["pose/keypoint/heatmap"] == 2
    assert outputs(pose, {"arrow": 5, "circle": 0})[0]["pose/keypoint/heatmap"] == 5
    assert describe(pose, keypoints={"arrow": 5}) != describe(pose)
    with pytest.raises(UserError, match="no keypoints for .*'arrow'; classes with keypoints: 'hand'"):
        outputs(pose, {"arrow": 0, "hand": 21})


def test_several_keypoint_tasks_have_heads_of_their_own_and_names_count_once() -> None:
    hand = 'keypoint_class_name: "hand" ' + STD.format("thumb")
    both = outputs(config(task(TWO) + task(f'task_name: "grip" {hand}')))[0]
    assert (both["pose/keypoint/regression"], both["grip/keypoint/regression"]) == (4, 2)
    replaced = outputs(config(task(TWO) + task(f'task_name: "pose" {hand}')))[0]
    assert replaced["pose/keypoint/regression"] == 2
    assert "grip/keypoint/regression" not in replaced


def test_identities_are_told_by_a_classifier_that_only_training_asks() -> None:
    tracked = f"{BOXES} track_estimation_task {{ num_track_ids: 7 reid_embed_size: 16 num_fc_layers: 2 }}"
    keys = {v.tf2_key: v.shape for v in describe(config(tracked)).variables if "track_classifier" in v.name}
    place = "model/track_reid_classification_net/layer_with_weights"
    assert keys == {
        f"{place}-0/kernel": (16, 16),
        f"{place}-0/bias": (16,),
        **{f"{place}-1/{leaf}": (16,) for leaf in ("gamma", "beta", "moving_mean", "moving_variance")},
        f"{place}-2/kernel": (16, 7),
        f"{place}-2/bias": (7,),
    }
    assert describe(config(tracked)).input_shape == (64, 64, 3)
    assert list(outputs(config(tracked))[0]) == ["object_center", "box/scale", "box/offset", "track/reid"]


@pytest.mark.parametrize(
    ("type_", "resizer", "size"),
    [
        ("hourglass_104", "identity_resizer { }", (384, 384)),
        ("hourglass_10", "keep_aspect_ratio_resizer { min_dimension: 60 max_dimension: 101 }", (64, 104)),
        ("resnet_v2_50", "keep_aspect_ratio_resizer { min_dimension: 0 max_dimension: 101 }", (32, 128)),
        ("resnet_v2_50", "fixed_shape_resizer { height: 32 width: 64 convert_to_grayscale: true }", (32, 64)),
    ],
)
def test_sizes_that_the_config_leaves_open_are_made_to_fit(
    type_: str, resizer: str, size: tuple[int, int]
) -> None:
    network = describe(config(type_=type_, resizer=resizer))
    assert network.input_shape == (*size, 3)
    assert {shape[:2] for shape in network.feature_maps} == {(size[0] // 4, size[1] // 4)}
    assert next(v.shape[2] for v in network.variables) == 3


@pytest.mark.parametrize(
    ("type_", "height", "multiple"),
    [("hourglass_104", 320, 128), ("mobilenet_v2_fpn", 300, 32), ("resnet_v2_101", 0, 32)],
)
def test_images_that_do_not_fit_are_refused(type_: str, height: int, multiple: int) -> None:
    with pytest.raises(UserError, match=f"images of {height}x128; make .* multiples of {multiple}"):
        describe(config(type_=type_, resizer=FIXED.format(height, 128)))


def test_a_size_that_is_asked_for_is_not_made_to_fit() -> None:
    open_size = config(type_="hourglass_104", resizer="identity_resizer { }")
    assert describe(open_size, size=(128, 256)).input_shape == (128, 256, 3)
    with pytest.raises(UserError, match="images of 128x300"):
        describe(open_size, size=(128, 300))


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ("", "but nothing at them; add an object_detection_task"),
        (f"{BOXES} num_classes: 0", "num_classes' is 0"),
        (f"{BOXES} densepose_estimation_task {{ }}", "needs masks; add a mask_estimation_task"),
        (
            f"{BOXES} mask_estimation_task {{ }} densepose_estimation_task {{ num_parts: -1 }}",
            "num_parts' is -1",
        ),
        (f"{BOXES} track_estimation_task {{ reid_embed_size: 0 }}", "reid_embed_size' is 0"),
        (f"{BOXES} track_estimation_task {{ }}", "num_track_ids' is 0"),
        (
            f"{BOXES} track_estimation_task {{ num_track_ids: 3 num_fc_layers: 100000 }}",
            "more than any network",
        ),
        (task(POSE), "is not known; name a label map"),
        (
            f"{BOXES} object_center_params {{ center_head_params {{ num_filters: 8 }} }}",
            "1 num_filters and 0 kernel_sizes",
        ),
        (
            "object_detection_task { scale_head_params { num_filters: 0 kernel_sizes: 3 } }",
            "less than one filter",
        ),
        (f"{BOXES} deepmac_mask_estimation {{ }}", "makes it a DeepMAC model"),
    ],
)
def test_tasks_that_cannot_be_built_are_refused(tasks: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        describe(config(tasks))


def test_an_unknown_interpolation_is_refused() -> None:
    with pytest.raises(
        UserError, match="unknown upsampling_interpolation 'cubic'; known are nearest, bilinear"
    ):
        describe(config(type_="mobilenet_v2_fpn", extractor='upsampling_interpolation: "cubic"'))


def test_there_is_no_tf1_form() -> None:
    with pytest.raises(UserError, match="has no TF1 form"):
        describe(config(), "tf1")


@pytest.mark.parametrize("multiplier", ["nan", "inf", "-inf"])
def test_widths_without_end_are_refused(multiplier: str) -> None:
    with pytest.raises(UserError, match="not a number|cannot be computed"):
        describe(config(type_="mobilenet_v2", extractor=f"depth_multiplier: {multiplier}"))


@pytest.mark.parametrize("seed", range(40))
def test_odd_numbers_are_built_or_refused(seed: int) -> None:
    draw = random.Random(seed)

    def number() -> int:
        return draw.choice((-1, 0, 1, 2, 7, 1 << 20, (1 << 31) - 1))

    params = f"num_filters: {number()} kernel_sizes: {number()}"
    tasks = f"""
    num_classes: {number()}
    object_center_params {{ center_head_params {{ {params} }} heatmap_bias_init: {draw.choice(("nan", "inf", "-1"))} }}
    object_detection_task {{ scale_head_params {{ {params} }} }}
    {task(TWO + "offset_head_params { " + params + " }")}
    mask_estimation_task {{ mask_head_params {{ }} }}
    densepose_estimation_task {{ num_parts: {number()} }}
    track_estimation_task {{ num_track_ids: {number()} reid_embed_size: {number()} num_fc_layers: {draw.choice((-3, 0, 2))} }}
    """
    multiplier = draw.choice(("-1", "0", "1e-9", "0.3", "1e9", "inf", "nan"))
    odd = config(
        tasks,
        type_=draw.choice(described_extractors("center_net")),
        resizer=FIXED.format(draw.choice((-128, 0, 128)), draw.choice((128, 130, 1 << 20))),
        extractor=f"depth_multiplier: {multiplier}",
    )
    try:
        network = describe(odd)
    except UserError:
        return
    assert all(size > 0 for variable in network.variables for size in variable.shape)


@pytest.mark.parametrize("present", [True, False])
def test_the_command_looks_for_the_label_map_beside_the_config(
    tmp_path: Path, fixtures: Path, capsys: pytest.CaptureFixture[str], present: bool
) -> None:
    """An arrow has two keypoints there, and only one is listed in the config."""
    if present:
        (tmp_path / "map.pbtxt").write_bytes((fixtures / "lint/keypoints_label_map.pbtxt").read_bytes())
    text = config(f'keypoint_label_map_path: "map.pbtxt" {task(POSE + STD.format("tip"))}').document.text
    (tmp_path / "pipeline.config").write_text(text)
    with pytest.raises(SystemExit) as status:
        main(["variables", str(tmp_path / "pipeline.config"), "--format", "json"])
    assert not status.value.code
    shapes = {v["name"]: v["shape"] for v in json.loads(capsys.readouterr().out)["variables"]}
    assert shapes["head/pose/keypoint/heatmap/0/output/bias"] == [2 if present else 1]


@pytest.mark.reference
def test_the_deepmac_samples_are_refused_with_one_message(shared: Path) -> None:
    paths = sorted((shared / "corpus/configs_tf2").glob("center_net_deepmac_*.config"))
    assert len(paths) == 4
    for path in paths:
        with pytest.raises(UserError, match="makes it a DeepMAC model, which is not described"):
            describe(read(path.read_text()))

"""Which value of a checkpoint gets which name when it is converted, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from matching_cases import checkpoint, entry, network, variable

from cfgtool.checkpoints import Checkpoint, Entry
from cfgtool.errors import UserError
from cfgtool.matching import restore_plan
from cfgtool.matching.conversion import Conversion, conversion_plan
from cfgtool.matching.conversion_refusals import refuse_conversion
from cfgtool.networks import Difference, NetworkDescription, describe
from cfgtool.schema import read_config
from cfgtool.textproto import parse

KERNEL = variable(
    "backbone/conv/kernel", [3, 3, 3, 8], "model/_feature_extractor/0/kernel", "FeatureExtractor/conv/weights"
)
MEAN = variable(
    "backbone/norm/moving_mean",
    [8],
    "model/_feature_extractor/1/moving_mean",
    "FeatureExtractor/conv/BatchNorm/moving_mean",
)
BOX = variable(
    "head/box/level_0/conv/bias",
    [12],
    "model/_box_predictor/0/bias",
    "BoxPredictor_0/BoxEncodingPredictor/biases",
)
CLASS = variable(
    "head/class/level_0/conv/bias",
    [12],
    "model/_box_predictor/1/bias",
    "BoxPredictor_0/ClassPredictor/biases",
)
VARIABLES = [KERNEL, MEAN, BOX, CLASS]
AVERAGE = "ExponentialMovingAverage"


def saved(generation: str, *more: Entry, without: str = "", classes: int = 3) -> Checkpoint:
    """A checkpoint of VARIABLES under the names of a generation, trained for that many classes."""
    entries = []
    for item in VARIABLES:
        key = item.tf2_key if generation == "tf2" else item.tf1_name
        shape = (3 * (classes + 1),) if item is CLASS else item.shape
        if item.name != without:
            entries.append(entry(str(key), shape))
    return checkpoint([*entries, *more], generation == "tf2")


def converted(source: Checkpoint, generation: str = "tf2", **options: Any) -> Conversion:
    described = network(VARIABLES, generation=generation)
    return conversion_plan(described._replace(differences=options.pop("differences", ())), source, **options)


PAIRS = {
    "ssd_mobilenet_v1": "oracle/golden_tf1/ssd_mobilenet_v1_coco",
    "ssd_mobilenet_v2": "oracle/golden_tf1/ssd_mobilenet_v2_coco",
    "ssdlite_mobilenet_v2": "corpus/configs_tf1/ssdlite_mobilenet_v2_coco",
    "ssd_mobilenet_v1_fpn": "oracle/golden_tf1/ssd_mobilenet_v1_fpn_shared_box_predictor_640x640_coco14_sync",
    "ssd_resnet50_v1_fpn": "oracle/golden_tf1/ssd_resnet50_v1_fpn_shared_box_predictor_640x640_coco14_sync",
    "faster_rcnn_resnet50": "oracle/golden_tf1/faster_rcnn_resnet50_coco",
    "faster_rcnn_inception_resnet_v2": "oracle/golden_tf1/faster_rcnn_inception_resnet_v2_atrous_coco__stride16",
}


def both(shared: Path, pair: str) -> tuple[NetworkDescription, NetworkDescription]:
    """The networks that TF1 and TF2 build from the config of a recorded pair."""
    text = (shared / f"{PAIRS[pair]}.config").read_text(encoding="utf-8")
    config = read_config(parse(text))
    return describe(config, "tf1"), describe(config, "tf2")


def whole(described: NetworkDescription, generation: str) -> Checkpoint:
    """A checkpoint of everything that a network has under the names of its generation."""
    keys = {v.tf2_key if generation == "tf2" else v.tf1_name: v.shape for v in described.variables}
    return checkpoint([entry(str(key), shape) for key, shape in keys.items()], generation == "tf2")


@pytest.mark.reference
@pytest.mark.parametrize("pair", PAIRS)
def test_names_are_those_of_the_recorded_mapping(shared: Path, pair: str) -> None:
    """Both ways; what TF1 alone has is left, and made again from its double on the way back."""
    recorded = json.loads((shared / f"oracle/golden_tf1/mapping/{pair}.json").read_text())
    mapping = {name: f"model/{key}" for name, key in recorded["mapping"].items()}
    alone = set(recorded["tf1_variables_without_counterpart"])
    slim, keras = both(shared, pair)
    there = conversion_plan(keras, whole(slim, "tf1"))
    assert {copy.entry.key: copy.key for copy in there.copies} == mapping
    assert not there.plan.missing
    assert not there.plan.shape_mismatch
    assert {item.key for item in there.plan.unused} == alone
    back = conversion_plan(slim, whole(keras, "tf2"))
    assert {copy.key: copy.entry.key for copy in back.copies if copy.key not in alone} == mapping
    assert {copy.key for copy in back.copies} == set(mapping) | alone
    for copy in back.copies:
        if copy.key in alone:
            twin = copy.key.replace("FirstStageFeatureExtractor", "SecondStageFeatureExtractor")
            assert copy.entry.key == mapping[twin]
    assert not back.plan.missing


@pytest.mark.parametrize(
    ("source", "target"), [("tf1", "tf2"), ("tf2", "tf1"), ("tf1", "tf1"), ("tf2", "tf2")]
)
def test_every_variable_gets_its_other_name(source: str, target: str) -> None:
    made = converted(saved(source), target)
    names = {"tf1": [v.tf1_name for v in VARIABLES], "tf2": [v.tf2_key for v in VARIABLES]}
    assert [copy.key for copy in made.copies] == names[target]
    assert [copy.entry.key for copy in made.copies] == names[source]
    assert made.crossing == (source != target)
    refuse_conversion(made, partial=False, accept_differences=False)


@pytest.mark.parametrize("generation", ["tf1", "tf2"])
def test_a_restore_of_everything_takes_the_same_entries(generation: str) -> None:
    """One mapping: what `match` and training restore is what is converted."""
    source = saved("tf1" if generation == "tf2" else "tf2")
    kind = "full" if generation == "tf2" else "detection"
    restored = restore_plan(
        network(VARIABLES, generation=generation), source, kind, load_all=kind == "detection"
    )
    made = converted(source, generation)
    assert [(copy.variable, copy.entry) for copy in made.copies] == restored.restored


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("tf1", f"FeatureExtractor/conv/weights/{AVERAGE}"),
        ("tf2", "model/_feature_extractor/0/kernel/.OPTIMIZER_SLOT/optimizer/average"),
        ("tf2", "optimizer/average/shadow/backbone.Sconv.Skernel"),
    ],
)
def test_averages_are_taken_on_request(source: str, key: str) -> None:
    other = "tf1" if source == "tf2" else "tf2"
    with_average = saved(source, entry(key, KERNEL.shape))
    kept = converted(with_average, other)
    assert (kept.averages, kept.averaged) == (1, False)
    assert kept.copies[0].entry.key != key
    taken = converted(with_average, other, averages=True)
    assert taken.copies[0].entry.key == key
    assert [copy.entry for copy in taken.copies[1:]] == [copy.entry for copy in kept.copies[1:]]
    odd = converted(saved(source, entry(key, (1,))), other, averages=True)
    assert odd.averages == 0
    with pytest.raises(UserError, match="has no moving averages"):
        refuse_conversion(odd, partial=True, accept_differences=True)


def test_the_step_goes_along_where_it_is_one() -> None:
    assert converted(saved("tf1", entry("global_step", (), "int64"))).step is not None
    assert converted(saved("tf2", entry("step", (), "int64")), "tf1").step is not None
    assert converted(saved("tf1", entry("global_step", (), "int32"))).step is None
    assert converted(saved("tf1")).step is None


@pytest.mark.parametrize(
    ("source", "partial", "message", "hint"),
    [
        (
            saved("tf1", without=MEAN.name),
            False,
            "1 of 4 variables of the network is not in it, such as 'FeatureExtractor/conv/BatchNorm/moving_mean'",
            "--partial writes what is there",
        ),
        (saved("tf1", without=MEAN.name), True, None, None),
        (
            saved("tf1", classes=90),
            False,
            "1 variable has another shape: 'BoxPredictor_0/ClassPredictor/biases' is [273] in the checkpoint and"
            " [12] in the network",
            "the checkpoint has 90 classes, the config 3: give the config that it was trained with",
        ),
        (saved("tf1", classes=90), True, None, None),
        (
            checkpoint([entry("resnet/conv/weights", (1,))], object_based=False),
            True,
            "none of the 4 variables of the network is in it: it has 1 under 'resnet/conv'",
            "take a checkpoint of this network",
        ),
        (checkpoint([], object_based=False), True, "it has no variables", "take a checkpoint"),
    ],
)
def test_what_is_not_whole_is_refused(
    source: Checkpoint, partial: bool, message: str | None, hint: str | None
) -> None:
    made = converted(source, num_classes=3)
    if message is None:
        refuse_conversion(made, partial=partial, accept_differences=False)
        assert len(made.copies) == 3
        return
    with pytest.raises(UserError) as caught:
        refuse_conversion(made, partial=partial, accept_differences=True)
    assert message in caught.value.message
    assert hint is not None
    assert hint in str(caught.value.hint)


def test_other_widths_of_the_other_generation_are_told() -> None:
    narrow = [item._replace(shape=tuple(size // 2 for size in item.shape)) for item in VARIABLES]
    twin = network(VARIABLES, generation="tf1")
    described = network([*narrow[:3], CLASS], generation="tf2")
    made = conversion_plan(described, saved("tf1"), twin=twin)
    with pytest.raises(UserError) as caught:
        refuse_conversion(made, partial=False, accept_differences=True)
    assert "has other widths in TF2 than in TF1" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("generation", "way_out"),
    [
        ("tf2", "where cfgtool trains or evaluates it as 'ssd_mobilenet_v1'"),
        ("tf1", "or if cfgtool trained it with the type of TF1"),
    ],
)
def test_what_computes_something_else_must_be_accepted(generation: str, way_out: str) -> None:
    differences = (Difference("backbone", "TF1 does this, TF2 that"), Difference("neck", "nothing has this"))
    made = converted(saved("tf1" if generation == "tf2" else "tf2"), generation, differences=differences)
    with pytest.raises(UserError) as caught:
        refuse_conversion(made, partial=True, accept_differences=False)
    assert caught.value.message.endswith(
        f"something else with them in {generation.upper()}: TF1 does this, TF2 that"
    )
    assert way_out in str(caught.value.hint)
    refuse_conversion(made, partial=False, accept_differences=True)
    same = converted(saved(generation), generation, differences=differences)
    refuse_conversion(same, partial=False, accept_differences=False)


@pytest.mark.reference
def test_both_generations_have_one_shape_of_each_variable(shared: Path) -> None:
    """Of every sample config whose network both have: what values are copied by. Widths that differ are of
    depth multipliers, and of the last layer of a lite pyramid.
    """
    seen = set()
    for path in sorted(shared.glob("corpus/configs_tf[12]/*.config")):
        try:
            config = read_config(parse(path.read_text(encoding="utf-8")))
            slim, keras = describe(config, "tf1"), describe(config, "tf2")
        except UserError:  # not described, or one generation alone has it
            continue
        seen.add(slim.feature_extractor.removesuffix("_keras"))
        shapes = {variable.name: variable.shape for variable in slim.variables}
        both_have = [variable for variable in keras.variables if variable.name in shapes]
        assert len(both_have) > 0.9 * len(keras.variables), path.stem
        if any(variable.shape != shapes[variable.name] for variable in both_have):
            extractor = config.find("model.ssd.feature_extractor")
            lite = extractor.has("fpn") and extractor.flag("use_depthwise")
            assert extractor.number("depth_multiplier") != 1 or lite, path.stem
    assert {"ssd_mobilenet_v1", "ssd_mobilenet_v2", "ssd_resnet50_v1_fpn", "faster_rcnn_resnet101"} <= seen

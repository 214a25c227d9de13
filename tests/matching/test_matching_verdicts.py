"""What plans say: on a network of seven variables, where every fate can be counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from matching_cases import checkpoint, entry, network, variable

from cfgtool.checkpoints import Checkpoint, Entry, open_checkpoint
from cfgtool.errors import UserError
from cfgtool.matching import RestorePlan, restore_plan, restore_types
from cfgtool.networks import Difference

EXTRACTOR = "model/_feature_extractor"
BACKBONE = f"{EXTRACTOR}/classification_backbone/layer_with_weights-0"
HEADS = "model/_box_predictor"
CLASSES, ANCHORS = 3, 2

TABLE = [
    ("backbone/conv/kernel", [3, 3, 3, 8], f"{BACKBONE}/kernel", "FeatureExtractor/Net/conv/weights"),
    ("backbone/conv/bias", [8], f"{BACKBONE}/bias", "FeatureExtractor/Net/conv/biases"),
    ("neck/extra/kernel", [1, 1, 8, 4], f"{EXTRACTOR}/extra/kernel", "FeatureExtractor/Net/extra/weights"),
    ("head/box/kernel", [1, 1, 4, 8], f"{HEADS}/box/kernel", "BoxPredictor/Box/weights"),
    ("head/box/bias", [8], f"{HEADS}/box/bias", "BoxPredictor/Box/biases"),
    ("head/class/kernel", [1, 1, 4, 8], f"{HEADS}/class/kernel", "BoxPredictor/Class/weights"),
    ("head/class/bias", [8], f"{HEADS}/class/bias", "BoxPredictor/Class/biases"),
]
VARIABLES = [variable(name, shape, key, tf1_name, name) for name, shape, key, tf1_name in TABLE]


def saved(generation: str = "tf2", classes: int = CLASSES, drop: str = "-", **more: list[int]) -> Checkpoint:
    """All variables of a run with that many classes, but those with `drop` in their name."""
    entries = []
    for item in VARIABLES:
        shape = item.shape
        if "class" in item.name:
            shape = (*shape[:-1], ANCHORS * (classes + 1))
        key = item.tf2_key if generation == "tf2" else item.tf1_name
        if drop not in item.name and key:
            entries.append(entry(key, shape))
    entries += [entry(key, shape) for key, shape in more.items()]
    return checkpoint(entries, generation == "tf2")


def plan(
    checkpoint: Checkpoint,
    restore_type: str,
    generation: str = "tf2",
    load_all: bool = False,
    differences: tuple[Difference, ...] = (),
) -> RestorePlan:
    description = network(VARIABLES, generation=generation)._replace(differences=differences)
    return restore_plan(description, checkpoint, restore_type, load_all=load_all, num_classes=CLASSES)


def classifier(generation: str = "tf2") -> Checkpoint:
    names = ["feature_extractor/layer_with_weights-0/kernel", "feature_extractor/layer_with_weights-0/bias"]
    if generation == "tf1":
        names = ["Net/conv/weights", "Net/conv/biases"]
    return checkpoint([entry(names[0], (3, 3, 3, 8)), entry(names[1], (8,))], generation == "tf2")


@pytest.mark.parametrize(
    ("restore_type", "source", "slug", "severity", "counts"),
    # counts: restored, shape mismatch, missing, not requested
    [
        ("full", saved(), "complete", "ok", (7, 0, 0, 0)),
        ("detection", saved(), "heads-fresh", "ok", (3, 0, 0, 4)),
        ("detection", saved(classes=90), "heads-fresh", "ok", (3, 0, 0, 4)),
        ("classification", classifier(), "backbone-only", "ok", (2, 0, 0, 5)),
        ("full", saved(classes=90), "would-raise", "error", (5, 2, 0, 0)),
        ("full", saved(drop="neck"), "would-raise", "error", (6, 0, 1, 0)),
        ("detection", saved(drop="conv/bias"), "backbone-mismatch", "error", (2, 0, 1, 4)),
        ("classification", saved(), "nothing-restored", "error", (0, 0, 2, 5)),
        ("detection", classifier(), "nothing-restored", "error", (0, 0, 3, 4)),
        ("detection", checkpoint([]), "nothing-restored", "error", (0, 0, 3, 4)),
        ("fine_tune", saved(), "would-raise", "error", (0, 0, 0, 7)),
        ("", saved(), "would-raise", "error", (0, 0, 0, 7)),
    ],
)
def test_tf2(
    restore_type: str, source: Checkpoint, slug: str, severity: str, counts: tuple[int, ...]
) -> None:
    made = plan(source, restore_type)
    found = (len(made.restored), len(made.shape_mismatch), len(made.missing), len(made.not_requested))
    assert (made.verdict.slug, made.verdict.severity, found) == (slug, severity, counts)
    assert (made.od_api.outcome == "raises") == (severity == "error")


@pytest.mark.parametrize(
    ("restore_type", "load_all", "source", "slug", "severity", "restored"),
    [
        ("detection", False, saved("tf1"), "heads-fresh", "ok", 3),
        ("detection", True, saved("tf1"), "complete", "ok", 7),
        ("detection", True, saved("tf1", 90), "heads-differ", "ok", 5),
        ("detection", False, saved("tf1", drop="neck"), "partial", "warning", 2),
        ("classification", False, classifier("tf1"), "backbone-only", "ok", 2),
        ("classification", True, classifier("tf1"), "backbone-only", "ok", 2),
        ("classification", False, saved("tf1"), "nothing-restored", "error", 0),
        ("detection", False, classifier("tf1"), "nothing-restored", "error", 0),
        ("full", False, saved("tf1"), "would-raise", "error", 0),
        ("fine_tune", False, saved("tf1"), "would-raise", "error", 0),
    ],
)
def test_tf1(
    restore_type: str, load_all: bool, source: Checkpoint, slug: str, severity: str, restored: int
) -> None:
    made = plan(source, restore_type, "tf1", load_all=load_all)
    assert (made.verdict.slug, made.verdict.severity, len(made.restored)) == (slug, severity, restored)
    # TF1 raises for types that it does not know, and for nothing else.
    assert (made.od_api.outcome == "raises") == (restore_type in ("full", "fine_tune"))


def test_every_variable_and_every_entry_has_one_fate() -> None:
    source = saved(classes=90, drop="neck", **{"optimizer/iter": [], "model/other": [2]})
    made = plan(source, "full")
    fates = [item for item, *_ in [*made.restored, *made.shape_mismatch, *made.missing]] + made.not_requested
    assert sorted(item.name for item in fates) == sorted(item.name for item in VARIABLES)
    used = len(made.restored) + len(made.shape_mismatch)
    assert used + len(made.unused) + made.bookkeeping == len(source.entries)
    assert [item.key for item in made.unused] == ["model/other"]
    assert made.bookkeeping == 3  # the object graph, save_counter, optimizer/iter


def test_shares_count_what_was_asked_for() -> None:
    made = plan(saved(drop="neck"), "detection")
    assert (made.requested, made.percent) == (3, pytest.approx(200 / 3))
    assert made.restored_parameters == 3 * 3 * 3 * 8 + 8


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (plan(saved(classes=90), "full"), "the checkpoint has 90 classes, the config 3"),
        (plan(saved("tf1", 37), "detection", "tf1", load_all=True), "has 37 classes, the config 3"),
        (plan(saved(), "classification"), 'set fine_tune_checkpoint_type: "detection", which restores 3'),
        (
            plan(classifier(), "detection"),
            'set fine_tune_checkpoint_type: "classification", which restores 2',
        ),
        (plan(saved(), "fine_tune"), 'set fine_tune_checkpoint_type: "detection"'),
        (plan(saved("tf1"), "full", "tf1"), "load_all_detection_checkpoint_vars: true"),
        (plan(checkpoint([]), "full"), "the checkpoint holds no variables"),
        (
            plan(saved(drop="model"), "classification"),
            "under 'model/_feature_extractor/classification_backbone'",
        ),
    ],
)
def test_the_verdict_says_why_and_what_to_write(made: RestorePlan, words: str) -> None:
    assert words in str(made.verdict)


def test_other_anchors_are_not_expected() -> None:
    source = saved("tf1", drop="box/bias", **{"BoxPredictor/Box/biases": [12]})
    made = plan(source, "detection", "tf1", load_all=True)
    assert (made.verdict.slug, made.verdict.severity) == ("heads-differ", "warning")
    assert "anchors per location" in made.verdict.text


def test_a_variable_stored_under_another_path_is_found(fixtures: Path) -> None:
    """In this file, the path of the optimizer to the backbone's weights is the shorter one."""
    root = "model/_feature_extractor/classification_backbone"
    variables = [
        variable("backbone/kernel", [3, 3, 2, 4], f"{root}/kernel", None),
        variable("backbone/bias", [4], f"{root}/bias", None),
        variable("head/class/bias", [6], "model/_box_predictor/bias", None),
    ]
    made = restore_plan(network(variables), open_checkpoint(str(fixtures / "checkpoints/tf2/ckpt-1")), "full")
    assert made.verdict.slug == "complete"
    keys = [found.key.split("/")[0] for _, found in made.restored]
    assert keys == ["optimizer", "optimizer", "model"]


def test_another_width_is_told_by_its_shapes() -> None:
    source = saved(drop="kernel", **{f"{BACKBONE}/kernel": [3, 3, 3, 16]})
    made = plan(source, "detection")
    assert made.verdict.slug == "backbone-mismatch"
    assert "[3, 3, 3, 16] in the checkpoint and [3, 3, 3, 8] here" in made.verdict.text
    assert "depth_multiplier" in str(made.verdict.hint)


def test_other_shapes_everywhere_are_told() -> None:
    names = ["kernel", "bias"]
    made = plan(checkpoint([entry(f"{BACKBONE}/{name}", (1,)) for name in names]), "detection")
    assert made.verdict.slug == "nothing-restored"
    source = checkpoint([entry(f"feature_extractor/layer_with_weights-0/{name}", (1,)) for name in names])
    assert "all 2 variables have other shapes" in plan(source, "classification").verdict.text


@pytest.mark.parametrize(
    ("generation", "shape", "stops"),
    [("tf2", (8,), True), ("tf2", (4,), True), ("tf1", (8,), True), ("tf1", (4,), False)],
)
def test_another_element_type_stops_the_restore(generation: str, shape: tuple[int, ...], stops: bool) -> None:
    source = saved(generation, drop="conv/bias")
    key = f"{BACKBONE}/bias" if generation == "tf2" else "FeatureExtractor/Net/conv/biases"
    source.entries[key] = entry(key, shape, "float16")
    made = plan(source, "detection", generation)
    assert [item.name for item, *_ in made.shape_mismatch] == ["backbone/conv/bias"]
    if stops:
        assert made.od_api.exception == "InvalidArgumentError"
        end = f"tensor_name = {key}; expected dtype float does not equal original dtype half"
        assert made.od_api.text == end
        assert made.verdict.slug == "would-raise"
        assert "is float16 in the checkpoint and float32 here" in made.verdict.text
        assert made.verdict.hint == "take a checkpoint with values in float32"
    else:
        # TF1 has dropped it for its shape by then.
        assert (made.od_api.outcome, made.od_api.restored) == ("ok", 2)
        assert made.verdict.slug == "backbone-mismatch"


def test_a_checkpoint_of_other_element_types_alone_is_not_called_misshapen() -> None:
    source = checkpoint([entry(item.key, item.shape, "float64") for item in saved().tensors()])
    made = plan(source, "full")
    assert "is float64 in the checkpoint and float32 here, and 6 more" in made.verdict.text


@pytest.mark.parametrize(
    ("source", "restore_type", "note"),
    [
        (saved(classes=90), "detection", "the checkpoint has 90 classes, the config 3"),
        (saved(), "detection", '"full", which restores 7 variables'),
        (saved(drop="head"), "detection", "no heads that fit"),
    ],
)
def test_notes_say_what_becomes_of_the_heads(source: Checkpoint, restore_type: str, note: str) -> None:
    assert note in " ".join(plan(source, restore_type).notes)


@pytest.mark.parametrize(("generation", "other"), [("tf1", "tf2"), ("tf2", "tf1")])
@pytest.mark.parametrize(
    ("source", "restore_type", "load_all", "restored"),
    [
        (saved, "detection", False, 3),
        (classifier, "classification", False, 2),
        (saved, "classification", False, 0),
    ],
)
def test_a_checkpoint_of_the_other_world_is_read_through_its_names(
    generation: str, other: str, source: object, restore_type: str, load_all: bool, restored: int
) -> None:
    assert callable(source)
    made = plan(source(other), restore_type, generation)
    assert len(made.restored) == restored
    assert f"a {other.upper()} checkpoint for a {generation.upper()} network" in made.notes[0]
    if generation == "tf2":
        assert (made.od_api.exception, made.od_api.restored) == ("OSError", None)
    else:
        assert (made.od_api.outcome, made.od_api.restored) == ("ok", 0)


@pytest.mark.parametrize(
    ("parts", "restore_type", "warned_of"),
    [
        ([], "full", []),
        (["neck"], "full", ["neck"]),
        (["neck"], "detection", ["neck"]),
        (["neck"], "classification", []),
        (["backbone", "neck"], "classification", ["backbone"]),
        (["backbone", "neck"], "full", ["backbone", "neck"]),
        (["head"], "detection", []),
        ([""], "classification", [""]),
    ],
)
def test_networks_that_compute_something_else_are_warned_of(
    parts: list[str], restore_type: str, warned_of: list[str]
) -> None:
    """Of the differences of those parts that values come from the other generation for, and of no others."""
    source = classifier("tf1") if restore_type == "classification" else saved("tf1")
    differences = tuple(Difference(part, f"{part!r} differs") for part in parts)
    made = plan(source, restore_type, differences=differences)
    assert made.restored
    about = "; ".join(f"{part!r} differs" for part in warned_of)
    what = f"the weights fit, but 'ssd_mobilenet_v1' computes something else with them: {about}"
    assert made.warnings == ([what] if warned_of else [])
    assert not plan(saved(), "detection", differences=differences).warnings


def test_load_all_is_nothing_in_tf2() -> None:
    made = plan(saved(), "detection", load_all=True)
    assert len(made.restored) == 3
    assert (made.od_api.outcome, made.od_api.exception) == ("raises", "ValueError")
    assert "load_all_detection_checkpoint_vars" in made.warnings[0]


@pytest.mark.parametrize(
    ("change", "exception"),
    [
        ({"checkpoint_version": "V1"}, "ValueError"),
        ({"checkpoint_version": "UNKNOWN"}, None),
        ({"load_all": True}, "ValueError"),
    ],
)
def test_what_else_stops_the_od_api(change: dict[str, object], exception: str | None) -> None:
    made = restore_plan(network(VARIABLES), saved(), "full", **change)  # type: ignore[arg-type]
    assert made.od_api.exception == exception


def test_the_path_may_stop_the_od_api() -> None:
    source = saved()
    source.path_error = ("NotFoundError", "no files")
    assert plan(source, "full").od_api.exception == "NotFoundError"


def test_rules_of_the_other_generation_can_be_asked_for() -> None:
    description = network(VARIABLES, generation="tf1")
    assert restore_plan(description, saved("tf1"), "full").verdict.slug == "would-raise"
    assert restore_plan(description, saved("tf1"), "full", "tf2").verdict.slug == "complete"


def test_other_meta_architectures_are_refused() -> None:
    description = network(VARIABLES)._replace(meta_architecture="center_net")
    with pytest.raises(UserError, match="'center_net' is not described for TF1"):
        restore_plan(description, saved(), "full", "tf1")


@pytest.mark.parametrize(
    ("generation", "types"),
    [("tf2", ("full", "detection", "classification")), ("tf1", ("detection", "classification"))],
)
def test_restore_types(generation: str, types: tuple[str, ...]) -> None:
    assert restore_types("ssd", generation) == types


def test_heads_that_do_not_divide_tell_no_classes() -> None:
    odd: list[Entry] = [entry(f"{HEADS}/class/bias", (7,)), entry(f"{HEADS}/class/kernel", (1, 1, 4, 7))]
    source = saved(drop="class")
    source.entries.update({item.key: item for item in odd})
    made = plan(source, "full")
    assert "another number of classes" in made.verdict.text


@pytest.mark.parametrize("kind", ["full", "detection", "classification"])
def test_a_checkpoint_of_a_world_without_the_network_restores_nothing(kind: str) -> None:
    names = ("model/_feature_extractor/_base_model/a/kernel", "model/_prediction_head_dict/a/kernel")
    variables = [
        variable("backbone/a/kernel", [3], names[0], None),
        variable("head/a/kernel", [3], names[1], None),
    ]
    description = network(variables, "resnet_v2_50", architecture="center_net")
    made = restore_plan(description, checkpoint([entry("resnet_v2_50/a/weights", (3,))], False), kind)
    assert made.verdict.slug == "nothing-restored"
    assert "names that such a checkpoint never has" in made.verdict.text

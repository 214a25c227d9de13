"""`cfgtool preview`: what is drawn is what training is fed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from cfgtool.cli.main import main
from cfgtool.errors import UserError
from cfgtool.schema import Config, read_config
from cfgtool.textproto import parse
from cfgtool.training.input.preprocess import Preprocessor
from cfgtool.training.report import samples
from cfgtool.training.report.samples import Denormalised, Matches, Sample, training_names, training_samples
from cfgtool.training.report.sheet import draw_sheet, lines
from cfgtool.training.run import train
from cfgtool.training.run.drawing import Boxes
from cfgtool.training.run.job import load_job
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.starting.plan import plan_start

SMALL = ("train_config.batch_size=2", 'train_config.fine_tune_checkpoint=""')
AUGMENTATION = re.compile(r"(?m)^ *data_augmentation_options.*\n")
SSD = """ssd {{ image_resizer {{ fixed_shape_resizer {{ height: 8 width: 8 {grey} }} }}
feature_extractor {{ type: '{type}' }} }}"""
CENTER_NET = """center_net {{ image_resizer {{ fixed_shape_resizer {{ height: 8 width: 8 }} }}
feature_extractor {{ type: '{type}' channel_means: [104, 114, 125] channel_stds: [70, 60, 50] {more} }} }}"""


@pytest.fixture
def config(fixtures: Path) -> str:
    return str(fixtures / "demo" / "pipeline.config")


def run_command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["preview", *arguments])
    return int(caught.value.code or 0)


def plain(config: str, folder: Path, change: tuple[str, str] = ("", ""), batch_size: int = 2) -> Config:
    """The demo's config without augmentation."""
    text = AUGMENTATION.sub("", Path(config).read_text()).replace(*change)
    shapes = Path(config).parents[1] / "shapes"
    path = folder / "plain.config"
    path.write_text(text.replace("../shapes", shapes.as_posix()))
    return load_job(str(path), (*SMALL, f"train_config.batch_size={batch_size}"), input_only=True).config


@pytest.mark.parametrize(("seed", "step"), [(3, 4), pytest.param(0, 1, marks=pytest.mark.slow)])
def test_a_step_of_a_run_is_fed_what_is_shown(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, step: int
) -> None:
    """The real loop, watched: the batch that its step number `step` takes is the one of the preview."""
    overrides = (
        *SMALL,
        f"train_config.num_steps={step}",
        "model.ssd.image_resizer.fixed_shape_resizer.height=64",
        "model.ssd.image_resizer.fixed_shape_resizer.width=64",
    )
    taken: list[Any] = []
    checked = train.checked

    def watched(dataset: Any, reader: Config) -> Any:
        for batch in checked(dataset, reader):
            taken.append(batch)
            yield batch

    monkeypatch.setattr(train, "checked", watched)
    options = TrainOptions(config, tmp_path, overrides=overrides, seed=seed)
    job = load_job(config, overrides)
    assert train.Run(job, plan_start(job, options), options).run() == step
    batch = taken[step - 1]
    shown = training_samples(job.config, seed=seed, step=step)
    assert [sample.element for sample in shown] == batch["element"].numpy().tolist()
    for index, sample in enumerate(shown):
        count = int(batch["num_boxes"][index])
        np.testing.assert_array_equal(sample.fed_boxes.boxes, batch["boxes"][index, :count])
        np.testing.assert_array_equal(sample.fed_boxes.classes, batch["classes"][index, :count] + 1)
        again = (sample.fed / np.float32(127.5)) - 1
        np.testing.assert_allclose(again, np.clip(batch["image"][index], -1, 1), atol=0.5 / 127.5 + 1e-5)


def test_more_examples_than_a_batch_are_those_of_the_next_steps(config: str, tmp_path: Path) -> None:
    pipeline = plain(config, tmp_path)
    assert [sample.element for sample in training_samples(pipeline, step=3, count=5)] == [4, 5, 6, 7, 8]
    assert [sample.element for sample in training_samples(pipeline, step=3, count=1)] == [4]


def test_without_augmentation_both_pictures_are_the_same(config: str, tmp_path: Path) -> None:
    """The shapes are stored in the size that the config asks for: the pairs must belong together."""
    for sample in training_samples(plain(config, tmp_path), seed=5, step=7, count=4):
        np.testing.assert_array_equal(sample.stored, sample.fed)
        np.testing.assert_array_equal(sample.stored_boxes.boxes, sample.fed_boxes.boxes)
        np.testing.assert_array_equal(sample.stored_boxes.classes, sample.fed_boxes.classes)
        assert sample.true_size == (128, 128)


@pytest.mark.parametrize(
    "model",
    [
        SSD.format(type="ssd_mobilenet_v2_keras", grey=""),
        SSD.format(type="ssd_resnet50_v1_fpn_keras", grey=""),
        SSD.format(type="ssd_efficientnet-b0_bifpn_keras", grey=""),
        CENTER_NET.format(type="resnet_v2_50", more=""),
        CENTER_NET.format(type="hourglass_104", more="bgr_ordering: true"),
        CENTER_NET.format(type="resnet_v1_50_fpn", more=""),
    ],
)
def test_normalisation_is_taken_back_exactly(model: str) -> None:
    preprocess = Preprocessor(read_config(parse(f"model {{ {model} }}")).message("model"))
    picture = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    np.testing.assert_array_equal(Denormalised(preprocess)(preprocess(picture)[0].numpy()), picture)


@pytest.mark.parametrize("kind", ["ssd_mobilenet_v2_keras", "ssd_resnet50_v1_fpn_keras"])
def test_a_grey_input_comes_back_grey(kind: str) -> None:
    model = SSD.format(type=kind, grey="convert_to_grayscale: true")
    preprocess = Preprocessor(read_config(parse(f"model {{ {model} }}")).message("model"))
    grey = np.random.default_rng(0).integers(0, 256, (8, 8, 1), np.uint8).repeat(3, axis=-1)
    fed = preprocess(grey)[0].numpy()
    assert fed.shape == (8, 8, 1)
    np.testing.assert_array_equal(Denormalised(preprocess)(fed), grey)


def test_additional_channels_are_left_out() -> None:
    preprocess = Preprocessor(
        read_config(parse(f"model {{ {SSD.format(type='ssd_mobilenet_v2', grey='')} }}")).message("model")
    )
    assert Denormalised(preprocess)(np.zeros((8, 8, 5), np.float32)).shape == (8, 8, 3)


def iou(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    return shared / (np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=1) - shared)


def test_matched_anchors_are_those_of_the_matcher(config: str, tmp_path: Path) -> None:
    """Threshold 0.5 and one forced anchor a box, computed anew."""
    for sample in training_samples(plain(config, tmp_path), count=6, match=True):
        matches = sample.matches
        assert matches is not None
        rows = sample.fed_boxes.boxes
        overlaps = np.array([iou(box, matches.anchors) for box in rows])
        own = overlaps[matches.owners, np.arange(len(matches.owners))]
        assert matches.best == pytest.approx(overlaps.max(axis=1), abs=1e-6)
        assert set(matches.owners) == set(range(len(rows)))
        low = own < 0.5
        assert np.bincount(matches.owners[low], minlength=1).max() <= 1
        assert matches.ignored == 0


def test_images_of_any_size_have_anchors_of_their_own(config: str, tmp_path: Path) -> None:
    resizer = (
        "fixed_shape_resizer {\n        height: 128\n        width: 128\n      }",
        "identity_resizer { }",
    )
    pipeline = plain(config, tmp_path, resizer, batch_size=1)
    fixed = plain(config, tmp_path, batch_size=1)
    for own, same in zip(
        training_samples(pipeline, count=2, match=True),
        training_samples(fixed, count=2, match=True),
        strict=True,
    ):
        assert own.matches is not None
        assert same.matches is not None
        np.testing.assert_array_equal(own.matches.anchors, same.matches.anchors)


def test_other_architectures_are_shown_as_far_as_their_input_goes(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = AUGMENTATION.sub("", Path(config).read_text())
    model = """model { faster_rcnn { num_classes: 4
      image_resizer { keep_aspect_ratio_resizer { min_dimension: 60 max_dimension: 90 pad_to_max_dimension: true } }
      feature_extractor { type: 'faster_rcnn_resnet50_keras' } } }
    """
    text = model + text[text.index("train_config {") :]
    path = tmp_path / "two_stage.config"
    shapes = Path(config).parents[1] / "shapes"
    text = re.sub(r"(?m)^ *(fine_tune_checkpoint|from_detection).*\n", "", text)
    path.write_text(text.replace("../shapes", shapes.as_posix()))
    picture = tmp_path / "sheet.png"
    assert run_command(str(path), "-o", str(picture), "--count", "2", "--original") == 0
    assert "fed 90 x 90 (image 60 x 60)" in capsys.readouterr().out
    with Image.open(picture) as image:
        assert image.width > 900
    assert run_command(str(path), "-o", str(picture), "--anchors", "--force") == 2
    assert "anchors of 'faster_rcnn' are not matched" in capsys.readouterr().err


def test_the_command_draws_and_tells(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "sheet.png"
    options = ("--count", "3", "--step", "2", "--anchors", "--original", "--matches")
    assert run_command(config, "-o", str(picture), *options) == 0
    said = capsys.readouterr()
    found = re.findall(r"example (\d+), train_\d+: stored 128 x 128, fed 128 x 128, \d box", said.out)
    assert found == ["16", "17", "18"]
    assert len(re.findall(r"(?m)^  \w+ \d+ x \d+: \d+ anchors?, best similarity 0\.\d\d$", said.out)) >= 3
    first = picture.read_bytes()
    assert run_command(config, "-o", str(picture)) == 2
    assert "exists already" in capsys.readouterr().err
    assert picture.read_bytes() == first
    assert run_command(config, "-o", str(picture), *options, "--force") == 0
    assert picture.read_bytes() == first


@pytest.mark.parametrize(
    ("output", "said"), [("sheet.jpg", "a preview is a .png"), ("nowhere/sheet.png", "no such folder")]
)
def test_outputs_that_cannot_be(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str, said: str
) -> None:
    assert run_command(config, "-o", str(tmp_path / output)) == 2
    assert said in capsys.readouterr().err


def test_placeholders_of_what_is_not_needed_do_not_matter(config: str, tmp_path: Path) -> None:
    change = ('fine_tune_checkpoint: "pretrained/ckpt-1"', 'fine_tune_checkpoint: "PATH_TO_BE_CONFIGURED/m"')
    pipeline = plain(config, tmp_path, change)
    assert len(training_samples(pipeline, count=1)) == 1
    with pytest.raises(UserError, match="placeholder"):
        load_job(str(tmp_path / "plain.config"))


def test_masks_and_keypoints_of_a_batch_are_taken_along(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Added to what the pipeline gives, in the shapes that it gives them in."""

    def with_more(batch: dict[str, Any]) -> dict[str, Any]:
        boxes = batch["boxes"]
        masks = tf.ones([*boxes.shape[:2], 128, 128], tf.uint8)
        points = tf.reverse(tf.reshape(boxes, [*boxes.shape[:2], 2, 2]), [2])
        return {**batch, "masks": masks, "keypoints": points, "keypoint_visibilities": points[..., 0] > 0.5}

    batches = samples.training_batches
    monkeypatch.setattr(
        samples, "training_batches", lambda *config, **options: batches(*config, **options).map(with_more)
    )
    for sample in training_samples(plain(config, tmp_path), count=3):
        shown = sample.fed_boxes
        count = len(shown.boxes)
        assert shown.masks is not None
        assert shown.masks.shape == (count, 128, 128)
        assert shown.keypoints is not None
        np.testing.assert_array_equal(shown.keypoints[:, 0], shown.boxes[:, 2:])
        assert shown.visible is not None
        assert shown.visible.shape == (count, 2)
        assert sample.stored_boxes.masks is None
        bare = replace(sample, fed_boxes=Boxes(shown.boxes, shown.classes))
        assert draw_sheet([sample], {}, "", "").tobytes() != draw_sheet([bare], {}, "", "").tobytes()


def _sample(kept: int, stored: int, matches: Matches | None = None) -> Sample:
    rng = np.random.default_rng(stored)
    corners = rng.uniform(0, 0.5, (stored, 2))
    rows = np.concatenate([corners, corners + 0.3], 1).astype(np.float32)
    classes = np.arange(1, stored + 1)
    picture = rng.integers(0, 256, (40, 60, 3), np.uint8)
    points = rng.uniform(0, 1, (kept, 3, 2)).astype(np.float32)
    masks = rng.integers(0, 2, (kept, 40, 60), np.uint8)
    fed = Boxes(rows[:kept], classes[:kept], masks=masks, keypoints=points, visible=points[..., 0] > 0.5)
    weights = np.full(kept, 0.5, np.float32)
    return Sample(7, "", picture, Boxes(rows, classes), picture, fed, (40, 50), weights, matches)


def test_what_was_dropped_is_told() -> None:
    matches = Matches(np.zeros((2, 4), np.float32), np.array([1, 1]), np.array([0.25, 0.75], np.float32), 3)
    told = list(lines(_sample(2, 5, matches), {1: "cat"}, boxes=True))
    assert told == [
        "example 7: stored 60 x 40, fed 60 x 40 (image 50 x 40), 2 boxes, 3 dropped, 2 anchors matched, 3 ignored",
        "  cat 18 x 12: 0 anchors, best similarity 0.25, weight 0.5",
        "  class 2 18 x 12: 2 anchors, best similarity 0.75, weight 0.5",
    ]


def test_names_of_any_characters_are_drawn() -> None:
    names = {1: "two\nlines", 2: "\udcff\x00 not text", 3: "", 4: "Überland-狗"}
    sheet = draw_sheet([_sample(4, 4)], names, "a\ntitle", "\udcff", original=True)
    assert sheet.width > 900
    assert "two\\nlines" in "".join(lines(_sample(4, 4, _no_matches(4)), names, boxes=True))


def _no_matches(boxes: int) -> Matches:
    best = np.zeros(boxes, np.float32)
    return Matches(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), best, 0)


@pytest.mark.parametrize("original", [False, True])
def test_the_sheet_holds_any_number_of_samples(original: bool) -> None:
    """Masks, keypoints, a class without a name and an example without any box included."""
    names = {number: f"a class with a rather long name, number {number}" for number in range(1, 30)}
    for shown in ([_sample(0, 0)], [_sample(2, 30)], [_sample(1, 1) for _ in range(7)]):
        sheet = draw_sheet(shown, names, "title", "subtitle", original=original)
        assert sheet.width >= 480
        assert sheet.height > 320


def test_names_come_from_the_training_reader(config: str, tmp_path: Path) -> None:
    pipeline = plain(config, tmp_path)
    assert training_names(pipeline) == {1: "circle", 2: "square", 3: "triangle", 4: "star"}

"""`cfgtool preview` of the other architectures: masks, keypoints with their numbers, DensePose points, big steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cfgtool.cli.main import main
from cfgtool.training.report.points import Surface, draw_points
from cfgtool.training.report.samples import training_samples
from cfgtool.training.run.drawing import class_colour
from cfgtool.training.run.job import load_job


@pytest.mark.parametrize("name", ["faster_rcnn", "mask_rcnn", "center_net"])
def test_each_architecture_is_shown(fixtures: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / "fed.png"
    with pytest.raises(SystemExit) as caught:
        main(
            [
                "preview",
                str(fixtures / "demo" / f"{name}.config"),
                "-o",
                str(target),
                "--count",
                "2",
                "--original",
            ]
        )
    assert caught.value.code == 0
    assert Image.open(target).width > 900


def test_masks_and_keypoints_are_where_the_objects_are(fixtures: Path) -> None:
    config = load_job(str(fixtures / "demo/center_net.config"), input_only=True).config
    masked = load_job(str(fixtures / "demo/mask_rcnn.config"), input_only=True).config
    for sample in training_samples(config, count=8):
        points, boxes = sample.fed_boxes.keypoints, sample.fed_boxes.boxes
        assert points is not None
        for row, (ymin, xmin, ymax, xmax) in zip(points, boxes, strict=True):
            there = row[np.isfinite(row).all(-1)]
            assert len(there)
            margin = 2 / 128
            assert np.all(
                (there >= [ymin - margin, xmin - margin]) & (there <= [ymax + margin, xmax + margin])
            )
    for sample in training_samples(masked, count=8):
        masks, boxes = sample.fed_boxes.masks, sample.fed_boxes.boxes
        assert masks is not None
        for mask, (ymin, xmin, ymax, xmax) in zip(masks, boxes, strict=True):
            rows, columns = np.nonzero(mask)
            assert rows.min() / 128 >= ymin - 1e-6
            assert (columns.max() + 1) / 128 <= xmax + 1e-6
            assert xmin < columns.mean() / 128 < xmax
            assert (rows.max() + 1) / 128 <= ymax + 1e-6


def test_a_step_of_several_batches(fixtures: Path) -> None:
    config = load_job(str(fixtures / "demo/center_net.config"), input_only=True).config
    whole = [sample.element for sample in training_samples(config, step=2, accumulate=2)]
    assert whole == list(range(16, 32))


def test_the_command_takes_a_step_of_several_batches(
    fixtures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(fixtures / "demo/center_net.config")
    with pytest.raises(SystemExit):
        main(
            [
                "preview",
                config,
                "-o",
                str(tmp_path / "a.png"),
                "--step",
                "3",
                "--accumulate",
                "2",
                "--count",
                "1",
            ]
        )
    assert capsys.readouterr().out.startswith("example 32,")


def test_numbers_and_surface_points_are_drawn() -> None:
    image = Image.new("RGB", (100, 100))
    places = np.float32([[[0.25, 0.5], [np.nan, np.nan]]])
    surface = Surface(places, np.array([[4, 0]]))
    drawn = draw_points(image, None, surface)
    assert drawn.getpixel((50, 25)) == tuple(int(class_colour(5)[at : at + 2], 16) for at in (1, 3, 5))
    assert drawn.getbbox() == (48, 23, 53, 28)
    numbered = draw_points(image, places, None)
    box = numbered.getbbox()
    assert box is not None
    assert box[0] >= 50
    assert box[3] <= 40
    assert image.getbbox() is None  # a copy is drawn on


def test_the_keypoint_label_map_is_found_beside_the_config(
    fixtures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = load_job(str(fixtures / "demo/center_net.config"), input_only=True).config
    found = Path(config.find("model.center_net").text("keypoint_label_map_path"))
    assert found == fixtures / "shapes" / "keypoint_label_map.pbtxt"

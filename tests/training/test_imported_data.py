"""What is imported trains: the demo's detector on a COCO set that was never a record before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def _run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cfgtool", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_coco_set_is_imported_and_trained_on(fixtures: Path, tmp_path: Path) -> None:
    data, run = tmp_path / "data", tmp_path / "run"
    done = _run(
        "data",
        "import",
        "coco",
        fixtures / "import/instances.json",
        "-o",
        data,
        "--split",
        "0.8,0.2",
        "--renumber",
    )
    assert done.returncode == 0, done.stderr
    assert "num_classes: 4" in done.stdout
    changes = [
        "model.ssd.image_resizer.fixed_shape_resizer.height=64",
        "model.ssd.image_resizer.fixed_shape_resizer.width=64",
        'train_config.fine_tune_checkpoint=""',
    ]
    for reader, split in (("train_input_reader", "train"), ("eval_input_reader[0]", "val")):
        changes.append(f'{reader}.label_map_path="{data}/label_map.pbtxt"')
        changes.append(f'{reader}.tf_record_input_reader.input_path=["{data}/{split}-00000-of-00001.record"]')
    options = [part for change in changes for part in ("--set", change)]
    config = fixtures / "demo" / "pipeline.config"
    steps = ("--num-steps", 2, "--batch-size", 2, "--log-every", 1, "--eval-every", 2, "--seed", 1)
    trained = _run("train", config, "--model-dir", run, *options, *steps)
    assert trained.returncode == 0, trained.stderr
    rows = [json.loads(row) for row in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "Loss/total_loss" in row] == [1, 2]
    # Two pictures are held out, and both have objects: -1 would mean that none were found in the records.
    assert (
        next(row for row in rows if "DetectionBoxes_Recall/AR@100" in row)["DetectionBoxes_Recall/AR@100"]
        >= 0
    )


def test_the_trainer_reads_what_was_written(tmp_path: Path, fixtures: Path) -> None:
    import tensorflow as tf

    from cfgtool.data.label_map import read_label_map
    from cfgtool.training.input.decode import Decoder
    from cfgtool.training.input.fields import Fields

    said = json.loads((fixtures / "import/instances.json").read_text())
    said["categories"][0]["keypoints"] = ["left", "right"]
    for annotation in said["annotations"]:
        left, top, width, height = annotation["bbox"]
        annotation["segmentation"] = [
            [left, top, left + width, top, left + width, top + height, left, top + height]
        ]
        if annotation["category_id"] == 1:
            annotation["keypoints"] = [left, top, 2, left + width, top, 0]
    source = tmp_path / "instances.json"
    source.write_text(json.dumps(said))
    data = tmp_path / "data"
    done = _run(
        *("data", "import", "coco", source, "-o", data, "--images", fixtures / "import/images"),
        *("--masks", "--keypoints"),
    )
    assert done.returncode == 0, done.stderr
    labels = read_label_map(str(data / "label_map.pbtxt"))
    decode = Decoder(labels, Fields(7, masks="png", keypoints=2, evaluation=True))
    by_id = {str(image["id"]): [] for image in said["images"]}
    for annotation in said["annotations"]:
        by_id[str(annotation["image_id"])].append(annotation)
    for record in tf.data.TFRecordDataset(str(data / "train-00000-of-00001.record")):
        example = decode(record)
        wanted = by_id.pop(example["source_id"].numpy().decode())
        assert example["image"].shape == (96, 96, 3)
        assert example["classes"].numpy().tolist() == [one["category_id"] for one in wanted]
        for number, one in enumerate(wanted):
            left, top, width, height = one["bbox"]
            box = example["boxes"][number].numpy() * 96
            assert box == pytest.approx([top, left, top + height, left + width], abs=1e-4)
            mask = example["masks"][number].numpy()
            assert mask[top : top + height, left : left + width].all()
            assert mask.sum() == width * height == pytest.approx(one["area"])
            seen = [True, False] if one["category_id"] == 1 else [False, False]
            assert example["keypoint_visibilities"][number].numpy().tolist() == seen
    assert by_id == {}

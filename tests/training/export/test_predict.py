"""Images in, detections out: every kind of model gives the same, and every kind of image is taken."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from cfgtool.errors import UserError
from cfgtool.training.export.images import load_image
from cfgtool.training.export.places import find_model, image_files, picture_paths

from .conftest import Exporter

LOW = ("--min-score", "0.3")


@pytest.fixture
def pictures(image: np.ndarray, tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.fromarray(image).save(folder / "one.png")
    Image.fromarray(image).save(folder / "two.bmp")
    (folder / "notes.txt").write_text("not an image")
    return folder


def found(run: Any, *args: str | Path) -> list[dict[str, Any]]:
    status, out, _ = run("predict", *args, "--format", "json", *LOW)
    assert status == 0
    result: list[dict[str, Any]] = json.loads(out)
    return result


@pytest.mark.slow
def test_every_kind_of_model_finds_the_same(
    run: Any, exported: Exporter, demo: Path, pretrained: str, pictures: Path, tmp_path: Path
) -> None:
    config = tmp_path / "pipeline.config"
    config.write_text(demo.read_text().replace("num_classes: 4", "num_classes: 2"))
    picture = pictures / "one.png"
    [want] = found(run, config, "--checkpoint", pretrained, picture)
    assert (want["width"], want["height"]) == (128, 96)
    assert want["detections"][0]["id"] == 2
    models = [exported(format="tflite", regular_nms=True)]
    kinds = ("image_tensor", "encoded_image_string_tensor", "tf_example", "float_image_tensor")
    models += [exported(input_type=kind) for kind in kinds]
    for model in (*models, models[0] / "model.tflite", models[1] / "saved_model"):
        [got] = found(run, model, picture)
        assert len(got["detections"]) == len(want["detections"])
        for mine, other in zip(got["detections"], want["detections"], strict=True):
            assert mine["class"] == other["class"] == f"class {mine['id']}"
            assert mine["score"] == pytest.approx(other["score"], abs=2e-4)
            assert list(mine["box"].values()) == pytest.approx(list(other["box"].values()), abs=0.02)


def test_a_folder_of_pictures_is_drawn_and_named(
    run: Any, exported: Exporter, pictures: Path, image: np.ndarray, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("???\nblob\n")
    drawn = tmp_path / "drawn" / "here"
    model = exported(input_type="image_tensor")
    status, out, _ = run("predict", model, pictures, "-o", drawn, "--label-map", labels, *LOW)
    assert status == 0
    assert out.splitlines()[0] == f"{pictures / 'one.png'}  128 x 96"
    first = out[: out.index("two.bmp")].splitlines()[1:-1]
    assert {line.split("  ")[1].strip() for line in first} == {"blob", "class 1"}  # id 1 has no name
    assert sorted(path.name for path in drawn.iterdir()) == ["one.png", "two.png"]
    picture = np.asarray(Image.open(drawn / "one.png"))
    status, _, err = run("predict", model, pictures, "-o", drawn)
    assert status == 2
    assert "exists already; --force replaces it" in err
    status, _, _ = run("predict", model, pictures, "-o", drawn, "--force", "--min-score", "1")
    assert status == 0
    plain = np.asarray(Image.open(drawn / "one.png"))
    assert plain.shape[0] / plain.shape[1] == pytest.approx(image.shape[0] / image.shape[1], rel=0.01)
    assert 0.02 < np.any(picture != plain, axis=2).mean() < 0.6


def test_what_is_no_image_does_not_stop_the_others(run: Any, exported: Exporter, pictures: Path) -> None:
    broken = pictures / "broken.jpg"
    Image.open(pictures / "one.png").save(broken)
    broken.write_bytes(broken.read_bytes()[:700])
    named = pictures / "notes.txt"
    model = exported(input_type="image_tensor")
    status, out, err = run("predict", model, pictures, named, pictures / "gone.png", "--format", "json", *LOW)
    assert status == 1
    results = {Path(result["image"]).name: result for result in json.loads(out)}
    assert results.keys() == {"broken.jpg", "one.png", "two.bmp", "notes.txt", "gone.png"}
    assert {name for name, result in results.items() if "error" in result} == {
        "broken.jpg",
        "notes.txt",
        "gone.png",
    }
    assert len(err.splitlines()) == 3
    assert f"{named}: is no image that can be decoded" in err
    assert "Traceback" not in err


def test_images_are_read_as_people_see_them(tmp_path: Path) -> None:
    base = np.zeros((20, 30, 3), np.uint8)
    base[:10, :15] = (200, 100, 50)
    plain = Image.fromarray(base)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    plain.save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(load_image(str(tmp_path / "turned.png")), np.rot90(base, -1))
    transparent = plain.convert("RGBA")
    transparent.putalpha(0)
    transparent.save(tmp_path / "alpha.png")
    np.testing.assert_array_equal(load_image(str(tmp_path / "alpha.png")), base)
    plain.convert("L").save(tmp_path / "gray.png")
    gray = load_image(str(tmp_path / "gray.png"))
    assert gray.shape == base.shape
    np.testing.assert_array_equal(gray[..., 0], gray[..., 2])
    deep = np.full((4, 5), 0x80FF, np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(load_image(str(tmp_path / "deep.png")), np.full((4, 5, 3), 0x80))
    photo = Image.fromarray(np.repeat(np.repeat(base, 2, 0), 2, 1))
    photo.save(tmp_path / "photo.jpg", exif=exif)
    decoded = tf.io.decode_image(tf.io.read_file(str(tmp_path / "photo.jpg")), channels=3).numpy()
    np.testing.assert_array_equal(load_image(str(tmp_path / "photo.jpg")), np.rot90(decoded, -1))
    photo.convert("CMYK").save(tmp_path / "cmyk.jpg")
    assert load_image(str(tmp_path / "cmyk.jpg")).shape == (40, 60, 3)
    plain.convert("P").save(tmp_path / "palette.gif")
    assert load_image(str(tmp_path / "palette.gif")).shape == base.shape


def test_a_large_image_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    Image.new("RGB", (8, 8)).save(tmp_path / "large.png")
    assert load_image(str(tmp_path / "large.png")).shape == (8, 8, 3)
    assert Image.MAX_IMAGE_PIXELS == 10


def test_files_folders_and_globs(pictures: Path) -> None:
    assert list(image_files([str(pictures)])) == [
        (str(pictures / "one.png"), None),
        (str(pictures / "two.bmp"), None),
    ]
    assert list(image_files([str(pictures / "*.png")])) == [(str(pictures / "one.png"), None)]
    assert list(image_files([str(pictures / "*.jpg")])) == [(str(pictures / "*.jpg"), "matches no file")]
    assert list(image_files([str(pictures / "x.jpg")])) == [(str(pictures / "x.jpg"), "no such file")]


def test_pictures_of_one_name_are_told_apart(tmp_path: Path) -> None:
    names = ["a/x.png", "b/x.jpg", "c/y.png"]
    assert [path.name for path in picture_paths(tmp_path, names, force=False)] == [
        "x.png",
        "x-2.png",
        "y.png",
    ]
    assert picture_paths(tmp_path / "f.jpg", ["x.png"], force=False) == [tmp_path / "f.jpg"]
    with pytest.raises(UserError, match="3 pictures do not fit into one file"):
        picture_paths(tmp_path / "f.png", names, force=False)
    with pytest.raises(UserError, match="no such folder"):
        picture_paths(tmp_path / "gone" / "f.png", names[:1], force=False)


def test_models_are_found(exported: Exporter, tmp_path: Path) -> None:
    folder = exported(input_type="image_tensor")
    for path in (folder, folder / "saved_model", folder / "saved_model" / "saved_model.pb"):
        assert find_model(path) == ("saved_model", folder / "saved_model", folder, None)
    with pytest.raises(UserError, match="holds no model"):
        find_model(tmp_path)
    with pytest.raises(UserError, match="no such model"):
        find_model(tmp_path / "gone")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["CONFIG"], "is a config, whose weights are not named"),
        (["MODEL", "--checkpoint", "x"], "--checkpoint and --model-dir are for a config"),
        (["MODEL", "--format", "xml"], "format 'xml' is not known"),
        (["MODEL", "--label-map", "gone.pbtxt"], "gone.pbtxt: no such file"),
        (["BROKEN"], "the SavedModel cannot be loaded"),
    ],
)
def test_mistakes_have_messages(
    run: Any, exported: Exporter, demo: Path, pictures: Path, tmp_path: Path, args: list[str], message: str
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(exported(input_type="image_tensor"), broken)
    (broken / "saved_model" / "saved_model.pb").write_bytes(b"\0nonsense")
    names = {"CONFIG": demo, "MODEL": exported(input_type="image_tensor"), "BROKEN": broken}
    status, _, err = run("predict", names[args[0]], pictures / "one.png", *args[1:])
    assert (status, err.count("\n")) == (2, 1)
    assert message in err

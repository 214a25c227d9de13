"""Encoded pictures: what is copied, what is refused, and what --repair makes of it."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from cfgtool.data import keys
from cfgtool.data.image_ends import cut_off, orientation

from . import trees
from .conftest import Done

Image = pytest.importorskip("PIL.Image")
Run = Callable[..., Done]


def _picture(width: int = 40, height: int = 32) -> Image.Image:
    """Red in the upper left quarter, else blue; with a little texture, so that it takes some bytes."""
    image = Image.effect_noise((width, height), 40).convert("RGB")
    tint = Image.new("RGB", (width, height), "blue")
    tint.paste("red", (0, 0, width // 2, height // 2))
    return Image.blend(image, tint, 0.8)


def _bytes(image: Image.Image, kind: str, **options: object) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def _jpeg(**options: object) -> bytes:
    return _bytes(_picture(), "JPEG", quality=90, **options)


def _turned(value: int, width: int = 40, height: int = 32) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = value
    return _bytes(_picture(width, height), "JPEG", exif=exif, quality=95)


def _source(
    root: Path, data: bytes, *, size: tuple[int, int] | None = (40, 32), name: str = "p0.png"
) -> Path:
    """A COCO set whose picture p0 has these bytes; `size` is what its annotation says."""
    said = trees.coco_of()
    said["images"][0]["file_name"] = name
    if size is None:
        del said["images"][0]["width"]
    else:
        said["images"][0] |= {"width": size[0], "height": size[1]}
    path = trees.write_coco(root, said)
    (root / "images" / "p0.png").unlink()
    (root / "images" / name).write_bytes(data)
    return path


def test_jpeg_is_copied_and_its_name_does_not_count(run_import: Run, tmp_path: Path) -> None:
    data = _jpeg()
    done = run_import("coco", _source(tmp_path / "source", data))
    features = trees.read_back(done.folder)["p0"]
    assert (features[keys.IMAGE], features[keys.FORMAT]) == ([data], [b"jpeg"])
    assert "named with the ending of another format, where what is inside counts: pictures 1" in done.out


def _deep() -> bytes:
    """A PNG of 16 bits: 0x80.. on the left, 0x20.. on the right."""
    import zlib

    row = b"\0" + b"\x80\x7f" * 20 + b"\x20\xff" * 20
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 40, 32, 16, 0, 0, 0, 0)), (b"IDAT", zlib.compress(row * 32))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in [*chunks, (b"IEND", b"")]
    )


CONVERTED = {
    "cmyk": (lambda: _bytes(_picture().convert("CMYK"), "JPEG"), "is a CMYK image [picture-cmyk]", "jpeg"),
    "16 bits": (_deep, "has 16 bits a value; training takes the upper 8 [picture-deep]", "png"),
    "webp": (
        lambda: _bytes(_picture(), "WEBP"),
        "is WebP, not JPEG, PNG, GIF or BMP [picture-format]",
        "png",
    ),
    "tiff": (
        lambda: _bytes(_picture(), "TIFF"),
        "is TIFF, not JPEG, PNG, GIF or BMP [picture-format]",
        "png",
    ),
    "bmp 32": (
        lambda: _bytes(_picture().convert("RGBA"), "BMP"),
        "is a BMP image of 32 bits, and 24 can be decoded [picture-format]",
        "png",
    ),
}


@pytest.mark.parametrize("name", CONVERTED)
def test_converted_with_repair(name: str, run_import: Run, tmp_path: Path) -> None:
    make, message, kind = CONVERTED[name]
    source = _source(tmp_path / "source", make())
    refused = run_import("coco", source)
    assert refused.status == 1
    assert f"p0.png: {message}" in refused.out
    done = run_import("coco", source, "--repair")
    assert done.status == 0, done.out
    features = trees.read_back(done.folder)["p0"]
    assert features[keys.FORMAT] == [kind.encode()]
    image = Image.open(io.BytesIO(features[keys.IMAGE][0]))
    assert (image.format, image.size) == (kind.upper(), (40, 32))
    red, _, blue = image.convert("RGB").getpixel((5, 5))
    if name == "16 bits":
        assert (image.mode, image.getpixel((5, 5)), image.getpixel((35, 5))) == ("L", 0x80, 0x20)
    else:
        assert red > 150 > blue


CUT = {
    "jpeg": lambda: _jpeg()[:-40],
    "jpeg with a thumbnail that ends": lambda: _with_thumbnail()[:-40],
    "png": lambda: trees.png(40, 32)[:-8],
    "png without pixels": lambda: trees.png(40, 32)[:33] + trees.png(40, 32)[-12:],
    "gif": lambda: _bytes(_picture(), "GIF")[:-30],
    "bmp": lambda: _bytes(_picture(), "BMP")[:-1],
}


def _with_thumbnail() -> bytes:
    exif = b"Exif\0\0" + b"II*\0\x08\0\0\0\0\0" + _jpeg()
    data = _jpeg()
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


@pytest.mark.parametrize("name", CUT)
def test_cut_off(name: str, run_import: Run, tmp_path: Path) -> None:
    done = run_import("coco", _source(tmp_path / "source", CUT[name]()), "--repair")
    assert done.status == 1
    assert "[picture-cut-off]" in done.out


@pytest.mark.parametrize(
    "whole", [_jpeg, _with_thumbnail, lambda: _jpeg(progressive=True), lambda: _jpeg() + b"\0\0"]
)
def test_whole_pictures(whole: Callable[[], bytes]) -> None:
    assert cut_off(whole()) == ""
    for kind in ("PNG", "GIF", "BMP"):
        assert cut_off(_bytes(_picture(), kind)) == ""


def test_verify_finds_damage_inside(run_import: Run, tmp_path: Path) -> None:
    data = bytearray(trees.png(40, 32))
    data[45] ^= 0xFF  # in the compressed pixels
    source = _source(tmp_path / "source", bytes(data))
    assert run_import("coco", source, folder=tmp_path / "header").status == 0
    done = run_import("coco", source, "--verify", "--repair")
    assert done.status == 1
    assert "p0.png: cannot be decoded: " in done.out
    assert "[picture-not-decodable]" in done.out


HUGE = trees.png(40, 32)[:16] + struct.pack(">II", 1 << 30, 1 << 30) + trees.png(40, 32)[24:]


@pytest.mark.parametrize(
    "data", [b"", b"no picture", HUGE, b"\xff\xd8\xff", b"GIF89a", b"<html>", b"\x89PNG\r\n\x1a\n"]
)
def test_no_pictures(data: bytes, run_import: Run, tmp_path: Path) -> None:
    done = run_import("coco", _source(tmp_path / "source", data), "--repair", "--skip-bad")
    assert done.status == 0
    assert "p0" not in trees.read_back(done.folder)


def test_a_folder_is_no_picture(run_import: Run, tmp_path: Path) -> None:
    source = _source(tmp_path / "source", b"")
    (tmp_path / "source/images/p0.png").unlink()
    (tmp_path / "source/images/p0.png").mkdir()
    assert "[picture-missing]" in run_import("coco", source).out


@pytest.mark.parametrize("value", range(2, 9))
def test_turned_pictures(value: int, run_import: Run, tmp_path: Path) -> None:
    size = (32, 40) if value >= 5 else (40, 32)  # as viewers show it
    data = _turned(value)
    assert orientation(data) == value
    source = _source(tmp_path / "source", data, size=size)
    refused = run_import("coco", source)
    assert f"viewers turn it (EXIF orientation {value}), training does not [picture-turned]" in refused.out
    done = run_import("coco", source, "--repair")
    assert done.status == 0, done.out
    features = trees.read_back(done.folder)["p0"]
    image = Image.open(io.BytesIO(features[keys.IMAGE][0]))
    assert (features[keys.WIDTH][0], features[keys.HEIGHT][0]) == image.size == size
    assert orientation(features[keys.IMAGE][0]) == 1
    # Where the red quarter is once it is turned.
    right, lower = {2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}[value]
    red, _, blue = image.getpixel(((0.25 + right / 2) * size[0] // 1, (0.25 + lower / 2) * size[1] // 1))
    assert red > 150 > blue


def test_a_turned_picture_that_was_annotated_as_stored(run_import: Run, tmp_path: Path) -> None:
    data = _turned(6)
    done = run_import("coco", _source(tmp_path / "source", data, size=(40, 32)))
    assert done.status == 0
    assert trees.read_back(done.folder)["p0"][keys.IMAGE] == [data]
    assert "with an EXIF orientation, but annotated as they are stored: pictures 1" in done.out


def test_another_size_than_annotated(run_import: Run, tmp_path: Path) -> None:
    source = _source(tmp_path / "source", trees.png(20, 16), size=(40, 32))
    refused = run_import("coco", source)
    assert "p0.png: is 20 x 16 pixels, its annotation says 40 x 32 [picture-size-differs]" in refused.out
    done = run_import("coco", source, "--repair")
    features = trees.read_back(done.folder)["p0"]
    assert (features[keys.WIDTH], features[keys.XMAX][-1]) == ([20], pytest.approx(20 / 40))
    assert features[keys.AREA][-1] == pytest.approx(16 * 28 / 4)


def test_exchanged_sides_cannot_be_mended(run_import: Run, tmp_path: Path) -> None:
    done = run_import("coco", _source(tmp_path / "source", trees.png(32, 40), size=(40, 32)), "--repair")
    assert done.status == 1
    assert "is 32 x 40 pixels, its annotation says 40 x 32: width and height are exchanged" in done.out


def test_no_size_is_stated(run_import: Run, tmp_path: Path) -> None:
    done = run_import("coco", _source(tmp_path / "source", trees.png(40, 32), size=None))
    assert trees.read_back(done.folder)["p0"][keys.XMAX][-1] == pytest.approx(0.5)

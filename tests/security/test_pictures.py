"""Pictures of a few bytes that would be gigabytes: told by their headers, before memory is claimed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile import gif, jpeg, png, record

from cfgtool.data.check import check_records
from cfgtool.data.images import LIMIT, MAX_PIXELS, max_pixels, too_large
from cfgtool.errors import UserError
from cfgtool.schema import read_config
from cfgtool.textproto import parse

EDGE = 20_000
"""Below the size that TensorFlow itself refuses: 400 million pixels are 1.2 GB in three colours."""
BOMBS = {
    "png": png(EDGE, EDGE),
    "jpeg": jpeg(EDGE, EDGE),
    "gif": gif(EDGE, EDGE),
    "larger png": png(60_000, 60_000),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_data_check_tells_of_it(kind: str, tmp_path: Path) -> None:
    path = record(tmp_path / "a.record", BOMBS[kind])
    [problem] = [each for each in check_records([str(path)]) if each.code == "image-not-decodable"]
    assert problem.severity == "error"
    assert f"more than the {MAX_PIXELS:,} pixels" in problem.message


def test_limit_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert too_large(1 << 13, 1 << 14) is None
    assert too_large(1 << 14, 1 << 14) is not None
    monkeypatch.setenv(LIMIT, "1000000000")
    assert too_large(1 << 14, 1 << 14) is None
    monkeypatch.setenv(LIMIT, "all")
    assert max_pixels() == MAX_PIXELS


@pytest.mark.parametrize("kind", BOMBS)
def test_pipeline_does_not_decode_it(kind: str, tmp_path: Path) -> None:
    """Training, evaluation and preview read through it."""
    import tensorflow as tf

    from cfgtool.training.input.picture_size import within_limit

    with pytest.raises(tf.errors.InvalidArgumentError, match=f"more than the {MAX_PIXELS:,} pixels"):
        tf.io.decode_image(within_limit(tf.constant(BOMBS[kind])), channels=3, expand_animations=False)


def test_reading_of_a_run_ends_with_the_record(tmp_path: Path) -> None:
    import tensorflow as tf

    from cfgtool.training.input.decode import Decoder
    from cfgtool.training.input.fields import fields_of
    from cfgtool.training.input.read_errors import explain

    path = record(tmp_path / "a.record", BOMBS["png"])
    text = f'train_input_reader {{ tf_record_input_reader {{ input_path: "{path}" }} }}'
    reader = read_config(parse(text)).message("train_input_reader")
    dataset = tf.data.TFRecordDataset(str(path)).map(Decoder(None, fields_of(reader, 1, evaluation=False)))
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        next(iter(dataset))
    told = explain(caught.value, reader)
    assert f"20000x20000, more than the {MAX_PIXELS:,} pixels" in told.message
    assert told.path == str(path)


def test_mask_of_any_size_is_not_decoded(tmp_path: Path) -> None:
    import tensorflow as tf

    from cfgtool.training.input.decode import Decoder
    from cfgtool.training.input.fields import fields_of

    sound = png(100, 64, rows=64)
    path = record(tmp_path / "a.record", sound, **{"image/object/mask": [BOMBS["png"]]})
    text = f'train_input_reader {{ load_instance_masks: true mask_type: PNG_MASKS tf_record_input_reader {{ input_path: "{path}" }} }}'
    reader = read_config(parse(text)).message("train_input_reader")
    dataset = tf.data.TFRecordDataset(str(path)).map(Decoder(None, fields_of(reader, 1, evaluation=False)))
    with pytest.raises(tf.errors.InvalidArgumentError, match="more than the"):
        next(iter(dataset))


@pytest.mark.parametrize("data", [b"", b"\x89P", b"GI", b"BM" + bytes(30), b"text" * 20, png(64, 64)])
def test_what_is_no_bomb_is_left_to_the_decoder(data: bytes) -> None:
    """A file that is cut off is no matter of its size: the decoders say what is wrong."""
    import tensorflow as tf

    from cfgtool.training.input.picture_size import within_limit

    assert within_limit(tf.constant(data)).numpy() == data


@pytest.mark.parametrize("kind", BOMBS)
def test_predict_does_not_decode_it(kind: str, tmp_path: Path) -> None:
    from cfgtool.training.export.images import load_image

    path = tmp_path / "picture"
    path.write_bytes(BOMBS[kind])
    with pytest.raises(UserError, match=f"more than the {MAX_PIXELS:,} pixels"):
        load_image(str(path))

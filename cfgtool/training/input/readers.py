"""Reading records in an order that depends on the seed alone, and that can be entered anywhere."""

from __future__ import annotations

from collections.abc import Iterator

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.data.paths import expand_paths
from cfgtool.data.tfrecord import record_offsets
from cfgtool.errors import UserError
from cfgtool.schema import Config

plain_python = tf.autograph.experimental.do_not_convert
"""For what a dataset calls. Nothing here decides by a tensor's value in Python; rewriting it so that it could takes
most of the time to trace.
"""

_BUFFER_BYTES = 4 * 1024 * 1024
_FOREVER = tf.int64.max


def reader_problems(reader: Config) -> Iterator[tuple[str, str]]:
    """(field path, what is wrong) for each setting of an `InputReader` that cannot be honoured."""
    if reader.integer("num_additional_channels") < 0:
        yield f"{reader.path}.num_additional_channels", "num_additional_channels must not be negative"
    weights = reader.numbers("keypoint_type_weight")
    if weights and len(weights) != reader.integer("num_keypoints"):
        message = (
            f"{len(weights)} weights for {reader.integer('num_keypoints')} keypoints, as num_keypoints says"
        )
        yield f"{reader.path}.keypoint_type_weight", message
    if reader.flag("expand_labels_hierarchy") and not reader.text("label_map_path"):
        yield f"{reader.path}.expand_labels_hierarchy", "needs a label_map_path, which holds the hierarchy"
    if reader.enum("input_type") == "INPUT_DEFAULT":
        message = "input_type 'INPUT_DEFAULT' says nothing: write TF_EXAMPLE or TF_SEQUENCE_EXAMPLE"
        yield f"{reader.path}.input_type", message
    if reader.integer("frame_index") < -1:
        yield f"{reader.path}.frame_index", "frame_index is the number of a frame, from 0, or -1 for any"
    kind = reader.which("input_reader")
    if kind == "external_input_reader":
        yield f"{reader.path}.{kind}", "'external_input_reader' is not supported, only TFRecords"
    patterns = reader.message("tf_record_input_reader").texts("input_path")
    if not patterns:
        yield f"{reader.path}.tf_record_input_reader.input_path", "no input_path is given"
    weights = reader.numbers("sample_from_datasets_weights")
    if weights and len(weights) != len(patterns):
        message = f"{len(weights)} weights for {len(patterns)} input paths"
        yield f"{reader.path}.sample_from_datasets_weights", message
    if weights and (min(weights) < 0 or not sum(weights)):
        yield f"{reader.path}.sample_from_datasets_weights", "weights must not be negative or all 0"
    buffers = ("shuffle_buffer_size", "filenames_shuffle_buffer_size") if reader.flag("shuffle") else ()
    for name in (*buffers, "num_readers", "read_block_length", "sample_1_of_n_examples"):
        if reader.integer(name) < 1:
            yield f"{reader.path}.{name}", f"{name} '{reader.integer(name)}' must be positive"
    if reader.integer("max_number_of_boxes") < 1:
        yield f"{reader.path}.max_number_of_boxes", "max_number_of_boxes must be positive"


class Source:
    """Files that are read together, and how many records they hold."""

    def __init__(self, patterns: list[str]) -> None:
        self.paths = _expand(patterns)
        self.records = sum(_count(path) for path in self.paths)
        if not self.records:
            raise UserError("has no records", path=self.paths[0], hint="write the data set again")


def input_files(reader: Config) -> list[str]:
    """The files of an `InputReader`. Raises UserError for a pattern that matches nothing."""
    return _expand(reader.message("tf_record_input_reader").texts("input_path"))


def _expand(patterns: list[str]) -> list[str]:
    """The files of local patterns and of those that only TensorFlow can open (`gs://`, ...)."""
    paths: list[str] = []
    for pattern in patterns:
        if "://" not in pattern:
            paths += expand_paths([pattern])
            continue
        found = sorted(tf.io.gfile.glob(pattern))
        if not found:
            raise UserError(f"no file matches input_path '{pattern}'", path=pattern)
        paths += found
    return paths


def _count(path: str) -> int:
    """The number of records. Raises UserError (RecordError) where a local file's framing is broken."""
    if "://" not in path:
        return len(record_offsets(path))
    return int(tf.data.TFRecordDataset(path).reduce(0, lambda count, _: count + 1))


def training_records(reader: Config, seed: int, start: int) -> tf.data.Dataset:
    """Serialised examples without end, from number `start` on of the order that `seed` gives.

    Each epoch is shuffled anew, as far as the reader's buffers allow. Raises UserError for missing, broken or
    empty files.
    """
    patterns = reader.message("tf_record_input_reader").texts("input_path")
    weights = reader.numbers("sample_from_datasets_weights")
    if not weights:
        return _endless(reader, Source(patterns), seed, start)
    chosen = [(pattern, weight) for pattern, weight in zip(patterns, weights, strict=True) if weight > 0]
    streams = [
        _endless(reader, Source([pattern]), seed + 7919 * number, 0)
        for number, (pattern, _) in enumerate(chosen)
    ]
    mixed = tf.data.Dataset.sample_from_datasets(streams, [weight for _, weight in chosen], seed=seed)
    # How often each stream was drawn before `start` is only known by drawing.
    return mixed.skip(start)


def evaluation_records(reader: Config) -> tf.data.Dataset:
    """Serialised examples, once each, in the order of the files."""
    source = Source(reader.message("tf_record_input_reader").texts("input_path"))
    records = tf.data.TFRecordDataset(source.paths, buffer_size=_BUFFER_BYTES)
    return records.shard(max(1, reader.integer("sample_1_of_n_examples")), 0)


def _endless(reader: Config, source: Source, seed: int, start: int) -> tf.data.Dataset:
    """Epoch after epoch; the first one is entered at the record that `start` means."""
    nth = reader.integer("sample_1_of_n_examples")
    per_epoch = -(-source.records // nth)
    first = start // per_epoch

    # A seed for each epoch, not one reshuffled dataset: so epoch 40 needs no run through the 39 before it.
    @plain_python
    def epoch(number: Tensor) -> tf.data.Dataset:
        records = _epoch(reader, source, tf.constant(seed, tf.int64) * 1_000_003 + number)
        if nth > 1:
            records = records.shard(nth, 0)
        skipped = tf.where(number == first, tf.constant(start % per_epoch, tf.int64), tf.zeros((), tf.int64))
        return records.skip(skipped)

    return tf.data.Dataset.range(first, _FOREVER).flat_map(epoch)


def _epoch(reader: Config, source: Source, seed: Tensor) -> tf.data.Dataset:
    """All records once: files interleaved in blocks; with `shuffle`, names and records go through buffers."""
    shuffle = reader.flag("shuffle")
    files = tf.data.Dataset.from_tensor_slices(source.paths)
    if shuffle and len(source.paths) > 1:
        size = min(reader.integer("filenames_shuffle_buffer_size"), len(source.paths))
        files = files.shuffle(size, seed=seed, reshuffle_each_iteration=False)
    records = files.interleave(
        plain_python(lambda path: tf.data.TFRecordDataset(path, buffer_size=_BUFFER_BYTES)),
        cycle_length=min(reader.integer("num_readers"), len(source.paths)),
        block_length=reader.integer("read_block_length"),
    )
    if shuffle:
        # A buffer beyond the number of records would only be allocated in vain.
        size = min(reader.integer("shuffle_buffer_size"), source.records)
        records = records.shuffle(size, seed=seed + 1, reshuffle_each_iteration=False)
    return records

"""From a serialised tf.SequenceExample to `Example`s: one of its frames in training, each of them in evaluation.

Frames have boxes, class texts, weights and the context features of their sequence; nothing else is read of them.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.data import keys
from cfgtool.data.label_map import LabelMap
from cfgtool.schema import Config
from cfgtool.training.input.checks import counted
from cfgtool.training.input.decode import Decoder, Parsed
from cfgtool.training.input.draws import Draws
from cfgtool.training.input.example import Example
from cfgtool.training.input.fields import Fields
from cfgtool.training.input.picture_cache import PictureCache
from cfgtool.training.input.readers import plain_python

Decode = Callable[[Tensor, Draws], Example]
"""(record, draws) -> the example of a record that training takes."""

_RANDOM = -1
_LISTS = {
    **dict.fromkeys(keys.SEQUENCE_BOX, tf.float32),
    keys.SEQUENCE_TEXT: tf.string,
    keys.SEQUENCE_WEIGHT: tf.float32,
}


class FrameDecoder:
    """Decodes frames of sequences, as `Decoder` does examples."""

    def __init__(self, label_map: LabelMap | None, fields: Fields, cache: PictureCache | None = None) -> None:
        self._decoder = Decoder(label_map, fields, cache)
        self._context: dict[str, object] = {}
        if fields.context is not None:
            for key, dtype in ((keys.CONTEXT_FEATURES, tf.float32), (keys.CONTEXT_LENGTH, tf.int64)):
                self._context[key] = tf.io.VarLenFeature(dtype)
        self._lists: dict[str, object] = {key: tf.io.VarLenFeature(dtype) for key, dtype in _LISTS.items()}
        self._lists[keys.IMAGE] = tf.io.FixedLenSequenceFeature([], tf.string)
        self._lists[keys.SOURCE_ID] = tf.io.FixedLenSequenceFeature([], tf.string, allow_missing=True)

    def number(self, record: Tensor) -> Tensor:
        """How many frames the sequence has, int32."""
        images = {keys.IMAGE: self._lists[keys.IMAGE]}
        _, lists = tf.io.parse_single_sequence_example(record, sequence_features=images)
        return tf.shape(lists[keys.IMAGE])[0]

    def __call__(self, record: Tensor, frame: Callable[[Tensor], Tensor]) -> Example:
        """The example of one frame; `frame` gives its number, int32, for the number of all."""
        context, lists = tf.io.parse_single_sequence_example(record, self._context, self._lists)
        images = lists[keys.IMAGE]
        number = frame(tf.shape(images)[0])

        def of_frame(key: str) -> Tensor:
            values = lists[key]
            return tf.boolean_mask(values.values, values.indices[:, 0] == tf.cast(number, tf.int64))

        boxes = dict(zip(keys.BOX, map(of_frame, keys.SEQUENCE_BOX), strict=True))
        # The sequence may leave out the ids of its frames.
        ids = tf.concat([lists[keys.SOURCE_ID], tf.fill([tf.shape(images)[0]], "")], 0)
        parsed: Parsed = {
            **{key: values.values for key, values in context.items()},
            **boxes,
            keys.IMAGE: images[number],
            keys.SOURCE_ID: ids[number],
            keys.TEXT: of_frame(keys.SEQUENCE_TEXT),
            keys.LABEL: tf.zeros([0], tf.int64),
            keys.WEIGHT: of_frame(keys.SEQUENCE_WEIGHT),
        }
        return self._decoder.example(parsed)


def _holds_sequences(reader: Config) -> bool:
    return reader.enum("input_type") == "TF_SEQUENCE_EXAMPLE"


def training_decoder(
    reader: Config, label_map: LabelMap | None, fields: Fields, cache: PictureCache | None
) -> Decode:
    """Decodes records for training; of a sequence the frame that `frame_index` says, or any."""
    if not _holds_sequences(reader):
        decoder = Decoder(label_map, fields, cache)
        return lambda record, draws: decoder(record)
    frames = FrameDecoder(label_map, fields, cache)
    index = reader.integer("frame_index")
    message = f"frame_index {index} is beyond the frames of a sequence"

    def decode(record: Tensor, draws: Draws) -> Example:
        def chosen(number: Tensor) -> Tensor:
            if index == _RANDOM:
                return draws.integer(0, number)
            return counted(tf.constant(index), tf.minimum(index, number - 1), index, message)

        return frames(record, chosen)

    return decode


def evaluation_examples(
    reader: Config, records: tf.data.Dataset, label_map: LabelMap | None, fields: Fields
) -> tuple[tf.data.Dataset, Callable[[Tensor], Example]]:
    """A dataset of what is evaluated one by one, and what decodes its elements; all frames of sequences."""
    if not _holds_sequences(reader):
        return records, Decoder(label_map, fields)
    frames = FrameDecoder(label_map, fields)

    @plain_python
    def each(record: Tensor) -> tf.data.Dataset:
        numbers = tf.data.Dataset.range(tf.cast(frames.number(record), tf.int64), output_type=tf.int32)
        return numbers.map(lambda number: (record, number))

    return records.flat_map(each), lambda stored: frames(stored[0], lambda _: stored[1])

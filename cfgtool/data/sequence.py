"""tf.SequenceExample messages: several frames in one record, as examples of one image each.

Schema: SequenceExample.context = 1, a Features message; SequenceExample.feature_lists = 2; FeatureLists.feature_list = 1,
a map of string to FeatureList, which has a Feature for each frame.
"""

from __future__ import annotations

import struct

from cfgtool.data import keys
from cfgtool.data.example import MAX_VALUES, wire_features, wire_fields, wire_values
from cfgtool.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.data.example import Bytes, Values

_SAME = {
    **dict(zip(keys.SEQUENCE_BOX, keys.BOX, strict=True)),
    keys.SEQUENCE_TEXT: keys.TEXT,
    keys.SEQUENCE_WEIGHT: keys.WEIGHT,
}
"""Key of a list of frames -> key of the same list in a tf.Example."""


def decode_frames(data: bytes) -> list[dict[str, Values]]:
    """The frames of one serialised tf.SequenceExample, each with the features of all, under the keys of a tf.Example.

    Raises UserError if `data` is not one, or has no frames.
    """
    context: dict[str, Values] = {}
    lists: dict[str, list[Values]] = {}
    try:
        for number, value in wire_fields(memoryview(data)):
            if number == 1 and not isinstance(value, int):
                context.update(wire_features(value, MAX_VALUES))
            elif number == 2 and not isinstance(value, int):
                lists.update(_lists(value))
    except (IndexError, ValueError, struct.error):
        raise UserError("is not a serialised tf.SequenceExample") from None
    frames = len(lists.get(keys.IMAGE, ()))
    if not frames:
        raise UserError("has no frames: tf.SequenceExamples are needed, as input_type says")
    return [
        context | {_SAME.get(key, key): rows[frame] for key, rows in lists.items() if frame < len(rows)}
        for frame in range(frames)
    ]


def _lists(data: Bytes) -> Iterator[tuple[str, list[Values]]]:
    """The map entries of a FeatureLists message; all of them have `MAX_VALUES` values at most."""
    room = MAX_VALUES
    for number, entry in wire_fields(data):
        if number != 1 or isinstance(entry, int):
            continue
        key = ""
        rows: list[Values] = []
        for place, value in wire_fields(entry):
            if place == 1 and not isinstance(value, int):
                key = bytes(value).decode("utf-8", "surrogateescape")
            elif place == 2 and not isinstance(value, int):
                rows = []
                for one, row in wire_fields(value):
                    if one == 1 and not isinstance(row, int):
                        rows.append(wire_values(row, room))
                        room -= len(rows[-1])
        yield key, rows

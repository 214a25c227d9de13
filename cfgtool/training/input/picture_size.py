"""Pictures that say how large they are before memory is claimed for them."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.data.images import LIMIT, max_pixels

_HEAD = 26  # bytes in which PNG and GIF say their size; a BMP cannot promise more than it has
_JPEG, _PNG, _GIF = b"\xff\xd8", b"\x89P", b"GI"


def within_limit(encoded: Tensor) -> Tensor:
    """The encoded picture (scalar string), after a check that its header does not promise too many pixels.

    A few bytes can be a picture of gigabytes (PNG and JPEG compress one colour to a thousandth and less), and the
    decoders claim the memory first. What is no picture passes: they say what is wrong with it.
    """
    limit = max_pixels()
    message = f"a picture has more than the {limit:,} pixels that are decoded ({LIMIT} says another limit)"
    # The plain operation: every picture passes here, and what `tf.debugging` wraps it in takes longer than the rest.
    check = tf.raw_ops.Assert(condition=_pixels(encoded) <= limit, data=[tf.constant(message)])
    with tf.control_dependencies([check] if check is not None else []):
        return tf.identity(encoded)


def _pixels(encoded: Tensor) -> Tensor:
    """Width times height by the header, int64; 0 for what has none."""
    kind = tf.strings.substr(encoded, 0, 2)
    return tf.cond(
        kind == _JPEG,
        lambda: _area(tf.io.extract_jpeg_shape(encoded)[:2]),
        lambda: tf.cond(
            tf.strings.length(encoded) < _HEAD,
            lambda: tf.constant(0, tf.int64),
            lambda: _plain(encoded, kind),
        ),
    )


def _plain(encoded: Tensor, kind: Tensor) -> Tensor:
    """The same where the size stands at a fixed place."""
    png = _area(tf.io.decode_raw(tf.strings.substr(encoded, 16, 8), tf.int32, little_endian=False))
    gif = _area(tf.io.decode_raw(tf.strings.substr(encoded, 6, 4), tf.uint16))
    return tf.where(kind == _PNG, png, tf.where(kind == _GIF, gif, tf.zeros_like(gif)))


def _area(size: Tensor) -> Tensor:
    # Sides of a PNG beyond 31 bits are negative here, and no decoder takes them.
    sides = tf.abs(tf.cast(size, tf.int64))
    return sides[0] * sides[1]

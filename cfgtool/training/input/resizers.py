"""`ImageResizer`: the size an image has when the network sees it, and the padding that makes sizes equal."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError
from cfgtool.schema import Config
from cfgtool.training.input.example import size_of
from cfgtool.training.input.geometry import fill_colour
from cfgtool.training.input.moving import pad_masks
from cfgtool.training.input.resize import Side, resize, resize_masks

ONEOF = "image_resizer_oneof"


class Resizer:
    """Base: leaves images as they are (`identity_resizer`).

    Resizing and padding are two steps, because SSD normalises between them, the other detectors after them.
    `size` is (height, width) after padding where it is the same for all images, else None. `grayscale` says
    that the result, after normalisation, is to have one channel.
    """

    size: tuple[int, int] | None = None
    grayscale: bool = False
    _method: str = "BILINEAR"
    _align_corners: bool = False

    def new_size(self, height: Tensor, width: Tensor) -> tuple[Side, Side] | None:  # noqa: ARG002
        """Height and width before padding of an image of this size; None where no image is scaled."""
        return None

    def canvas(self, height: Side, width: Side) -> tuple[Side, Side]:
        """Height and width after padding, on the right and below, of a resized image."""
        return height, width

    def resize(self, image: Tensor) -> Tensor:
        """The image [height, width, channels] at its new size, before padding."""
        new = self.new_size(*size_of(image))
        return image if new is None else resize(image, *new, self._method, self._align_corners)

    def pad(self, image: Tensor) -> Tensor:
        """The resized image on its canvas."""
        return image

    def masks(self, masks: Tensor) -> Tensor:
        """Masks [n, height, width] as the image: resized, by nearest neighbour, and padded with 0."""
        shape = tf.shape(masks)
        height, width = self.new_size(shape[1], shape[2]) or (shape[1], shape[2])
        return pad_masks(resize_masks(masks, height, width, self._align_corners), *self.canvas(height, width))


class FixedShape(Resizer):
    """`fixed_shape_resizer`: one size for all, aspect ratio ignored."""

    def __init__(self, config: Config) -> None:
        self._sides = config.integer("height"), config.integer("width")
        self.size = self._sides
        self.grayscale = config.flag("convert_to_grayscale")
        self._method = config.enum("resize_method")

    def new_size(self, height: Tensor, width: Tensor) -> tuple[Side, Side]:  # noqa: ARG002
        """The fixed size."""
        return self._sides

    def resize(self, image: Tensor) -> Tensor:
        """The image at the fixed size."""
        image = super().resize(image)
        image.set_shape([*self._sides, image.shape[-1]])
        return image


class KeepAspectRatio(Resizer):
    """`keep_aspect_ratio_resizer`: the shorter side becomes `min_dimension`, if the longer one allows it."""

    def __init__(self, config: Config) -> None:
        self._min, self._max = config.integer("min_dimension"), config.integer("max_dimension")
        self.grayscale = config.flag("convert_to_grayscale")
        self._method = config.enum("resize_method")
        self._pads = config.flag("pad_to_max_dimension")
        self._values = config.numbers("per_channel_pad_value")
        if self._pads:
            self.size = self._max, self._max

    def new_size(self, height: Tensor, width: Tensor) -> tuple[Side, Side]:
        """Both sides scaled by one factor."""
        sides = tf.cast(tf.stack([height, width]), tf.float32)
        large = tf.cast(tf.round(sides * (self._min / tf.reduce_min(sides))), tf.int32)
        small = tf.cast(tf.round(sides * (self._max / tf.reduce_max(sides))), tf.int32)
        new = tf.where(tf.reduce_max(large) > self._max, small, large)
        return new[0], new[1]

    def canvas(self, height: Side, width: Side) -> tuple[Side, Side]:
        """A square of `max_dimension`."""
        return (self._max, self._max) if self._pads else (height, width)

    def pad(self, image: Tensor) -> Tensor:
        """The image on its square, the rest filled with `per_channel_pad_value`."""
        return _padded(image, self._max, self._max, self._values) if self._pads else image


class Conditional(Resizer):
    """`conditional_shape_resizer`: scales only images with a side beyond the threshold."""

    # Alone among the resizers this one keeps the corner pixels, in the OD API as well.
    _align_corners = True

    def __init__(self, config: Config) -> None:
        self._greater = config.enum("condition") == "GREATER"
        self._threshold = config.integer("size_threshold")
        self.grayscale = config.flag("convert_to_grayscale")
        self._method = config.enum("resize_method")

    def new_size(self, height: Tensor, width: Tensor) -> tuple[Side, Side]:
        """The longer side (GREATER) or the shorter side (SMALLER) at the threshold."""
        sides = tf.cast(tf.stack([height, width]), tf.float32)
        if self._greater:
            factor = tf.minimum(1.0, self._threshold / tf.reduce_max(sides))
        else:
            factor = tf.maximum(1.0, self._threshold / tf.reduce_min(sides))
        new = tf.cast(sides * factor, tf.int32)
        return new[0], new[1]


class PadToMultiple(Resizer):
    """`pad_to_multiple_resizer`: no scaling, sides padded with zeros to multiples."""

    def __init__(self, config: Config) -> None:
        self._multiple = config.integer("multiple")
        self.grayscale = config.flag("convert_to_grayscale")

    def canvas(self, height: Side, width: Side) -> tuple[Side, Side]:
        """Sides rounded up."""
        return -(-height // self._multiple) * self._multiple, -(-width // self._multiple) * self._multiple

    def pad(self, image: Tensor) -> Tensor:
        """The image with sides rounded up."""
        return tf.image.pad_to_bounding_box(image, 0, 0, *self.canvas(*size_of(image)))


_KINDS = {
    "fixed_shape_resizer": FixedShape,
    "keep_aspect_ratio_resizer": KeepAspectRatio,
    "conditional_shape_resizer": Conditional,
    "pad_to_multiple_resizer": PadToMultiple,
}


def make_resizer(config: Config) -> Resizer:
    """The resizer of an `ImageResizer` message. Raises UserError for values that cannot work."""
    kind = config.which(ONEOF)
    if kind is None:
        raise UserError(f"{config.path or 'image_resizer'}: no resizer is chosen")
    problem = _problem(kind, config.message(kind))
    if problem:
        raise UserError(f"{config.path}.{kind}: {problem}")
    return _KINDS[kind](config.message(kind)) if kind in _KINDS else Resizer()


def _problem(kind: str, config: Config) -> str:
    if kind == "fixed_shape_resizer" and min(config.integer("height"), config.integer("width")) < 1:
        return "height and width must be positive"
    if kind == "keep_aspect_ratio_resizer":
        low, high = config.integer("min_dimension"), config.integer("max_dimension")
        if not 0 < low <= high:
            return f"min_dimension '{low}' must be positive and at most max_dimension '{high}'"
        values = config.numbers("per_channel_pad_value")
        if config.flag("pad_to_max_dimension") and len(values) not in (0, 3):
            return f"per_channel_pad_value has {len(values)} values, one per channel is needed"
    if kind == "conditional_shape_resizer" and config.enum("condition") == "INVALID":
        return "condition 'INVALID' is not allowed; it is GREATER or SMALLER"
    if kind == "pad_to_multiple_resizer" and config.integer("multiple") < 1:
        return f"multiple '{config.integer('multiple')}' must be positive"
    return ""


def _padded(image: Tensor, height: int, width: int, values: list[float]) -> Tensor:
    """The image at the top left of a canvas of one colour."""
    image = tf.cast(image, tf.float32)
    if not any(values):
        return tf.image.pad_to_bounding_box(image, 0, 0, height, width)
    colour = fill_colour(values, image)
    old_height, old_width = size_of(image)
    right = tf.broadcast_to(colour, [old_height, width - old_width, image.shape[-1]])
    below = tf.broadcast_to(colour, [height - old_height, width, image.shape[-1]])
    return tf.concat([tf.concat([image, right], 1), below], 0)

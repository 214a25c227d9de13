"""What a detector does to an image before its first layer: resize, normalise, pad, in the order of its kind.

Sources: the normalisation that each backbone was trained with. Inception's [-1, 1] (MobileNet, Inception,
NAS), VGG's channel means (ResNet v1), ImageNet's means and deviations (EfficientNet), and the numbers of the
config (all of CenterNet, before the backbone's own).
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError
from cfgtool.schema import Config
from cfgtool.training.architecture import TRAINED
from cfgtool.training.input.example import COLOURS
from cfgtool.training.input.resizers import Resizer, make_resizer

_VGG_MEANS = (123.68, 116.779, 103.939)
_IMAGENET_MEANS = (0.485, 0.456, 0.406)
_IMAGENET_DEVIATIONS = (0.229, 0.224, 0.225)
_BLACK = (0.0, 0.0, 0.0)
_WHOLE = (1.0, 1.0, 1.0)


class Normalisation:
    """image x scale + offset per channel, after swapping red and blue if `swap`; images are RGB, 0..255.

    Additional channels get the mean scale and the mean offset of the colours.
    """

    def __init__(self, scale: Sequence[float], offset: Sequence[float], swap: bool = False) -> None:
        self.scale = tuple(scale)
        self.offset = tuple(offset)
        self.swap = swap

    @property
    def uniform(self) -> bool:
        """Whether all channels are treated alike."""
        return len(set(self.scale)) == len(set(self.offset)) == 1

    def __call__(self, image: Tensor) -> Tensor:
        """The normalised image, float32, of the same shape [..., 3 or more]."""
        image = tf.cast(image, tf.float32)
        if self.swap:
            image = tf.gather(image, [2, 1, 0, *range(COLOURS, image.shape[-1])], axis=-1)
        if self.uniform:
            return image * self.scale[0] + self.offset[0]
        # Broadcasting over rows, not pixels, is several times faster: an axis of three defeats vector units.
        shape = tf.shape(image)
        rows = tf.reshape(image, [-1, shape[-2] * shape[-1]])
        extra = image.shape[-1] - COLOURS
        if self.scale != _WHOLE:
            rows *= tf.tile(tf.constant(_extended(self.scale, extra)), shape[-2:-1])
        rows += tf.tile(tf.constant(_extended(self.offset, extra)), shape[-2:-1])
        return tf.ensure_shape(tf.reshape(rows, shape), image.shape)


def _extended(values: tuple[float, ...], extra: int) -> tuple[float, ...]:
    """The values, and their mean for each of `extra` channels more."""
    return (*values, *[sum(values) / len(values)] * extra)


def _standardised(means: Sequence[float], deviations: Sequence[float], swap: bool = False) -> Normalisation:
    """(image - mean) / deviation."""
    scale = [1.0 / deviation for deviation in deviations]
    return Normalisation(scale, [-mean * factor for mean, factor in zip(means, scale, strict=True)], swap)


SYMMETRIC = Normalisation((2.0 / 255.0,) * 3, (-1.0,) * 3)
VGG = _standardised(_VGG_MEANS, _WHOLE)
IMAGENET = _standardised(
    [255.0 * mean for mean in _IMAGENET_MEANS], [255.0 * deviation for deviation in _IMAGENET_DEVIATIONS]
)


def normalisation(detector: Config) -> Normalisation:
    """The normalisation of a detector, given its message (`model.ssd`, say)."""
    extractor = detector.message("feature_extractor")
    name = extractor.text("type")
    if detector.type.name.endswith("CenterNet"):
        return _center_net(extractor, name)
    if "inception" in name:
        return SYMMETRIC  # before "resnet": there is Inception-ResNet
    if "efficientnet" in name:
        return IMAGENET
    return VGG if "resnet" in name else SYMMETRIC


def _center_net(extractor: Config, name: str) -> Normalisation:
    means = extractor.numbers("channel_means") or _BLACK
    deviations = extractor.numbers("channel_stds") or _WHOLE
    if len(means) != 3 or len(deviations) != 3:
        raise UserError(f"{extractor.path}: channel_means and channel_stds take one value per channel")
    if 0.0 in deviations:
        raise UserError(
            f"'{extractor.path}.channel_stds' holds a zero",
            hint="images are divided by them; write 1 for none",
        )
    own = _standardised(means, deviations, extractor.flag("bgr_ordering"))
    if name.startswith("hourglass"):
        return own
    # The other backbones go on with the normalisation that they were trained with.
    if name.startswith("resnet_v1"):
        offset = [value - mean for value, mean in zip(own.offset[::-1], _VGG_MEANS[::-1], strict=True)]
        return Normalisation(own.scale[::-1], offset, not own.swap)
    half = 1.0 / 127.5
    return Normalisation(
        [value * half for value in own.scale], [value * half - 1.0 for value in own.offset], own.swap
    )


class Preprocessor:
    """The preprocessing of a configured detector; `size` and `channels` are those of the network's input."""

    def __init__(self, model: Config, additional_channels: int = 0) -> None:
        """`additional_channels` are those of the reader. Raises UserError for what cannot be done."""
        kind = model.which("model")
        if kind not in TRAINED:
            raise UserError(f"model '{kind}' is not supported", hint="choose ssd, faster_rcnn or center_net")
        detector = model.message(kind)
        self.resizer: Resizer = make_resizer(detector.message("image_resizer"))
        self.normalise = normalisation(detector)
        self.pads_last = kind == "ssd"
        self.size = self.resizer.size
        if self.resizer.grayscale and additional_channels:
            raise UserError(
                f"'{detector.path}.image_resizer' converts to grayscale, which leaves no place for the"
                f" {additional_channels} additional channels of the reader"
            )
        # CenterNet has a mean for each colour, which turns a grey image into three channels again.
        self._colours_gray = kind == "center_net"
        gray = self.resizer.grayscale and not self._colours_gray
        self.channels = 1 if gray else COLOURS + additional_channels

    def __call__(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Network input [height, width, channels] and true shape int32 [3] before padding.

        `image` is [height, width, 3 + additional channels], uint8 or float32, values 0..255.
        """
        # Normalisation is affine, so resizing first gives the same values and touches fewer pixels.
        image = self.resizer.resize(image)
        true_shape = tf.concat([tf.shape(image)[:2], [self.channels]], 0)
        if self.pads_last:
            image = self.resizer.pad(self.normalise(image))
            image = tf.image.rgb_to_grayscale(image) if self.resizer.grayscale else image
        else:
            image = self._normalised_last(self.resizer.pad(image))
        if self.size is not None:
            image.set_shape([*self.size, self.channels])
        return image, true_shape

    def _normalised_last(self, image: Tensor) -> Tensor:
        if not self.resizer.grayscale:
            return self.normalise(image)
        image = tf.image.rgb_to_grayscale(tf.cast(image, tf.float32))
        if self._colours_gray:
            return self.normalise(tf.repeat(image, COLOURS, axis=-1))
        # Means of three colours fit no single channel: it goes without, as in the OD API.
        return self.normalise(image) if self.normalise.uniform else image

    def shown(self, image: Tensor) -> Tensor:
        """The image as the network sees it, but in colour and not normalised: uint8, padded with black."""
        image = tf.cast(self.resizer.resize(image[..., :COLOURS]), tf.float32)
        if self.size is not None:
            image = tf.image.pad_to_bounding_box(image, 0, 0, *self.size)
        return tf.cast(tf.clip_by_value(tf.round(image), 0.0, 255.0), tf.uint8)

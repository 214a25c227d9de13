"""Image files as people see them: any format that Pillow reads, turned upright, three channels of eight bits."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from PIL import Image, ImageOps, UnidentifiedImageError

from cfgtool.data.images import too_large
from cfgtool.errors import UserError

_ORIENTATION = 0x0112


def load_image(path: str) -> npt.NDArray[np.uint8]:
    """The image in `path`, uint8 [height, width, 3].

    It is turned as its EXIF data say. Transparency is dropped, gray becomes colour, the first frame of an animation
    counts, and of 16 bits the upper 8: as the decoder of the input pipeline does, which also decodes what is JPEG, as its
    faster transform moves scores by some hundredths. Raises UserError if it is no image,
    or has more pixels than `max_pixels` allows.
    """
    # One limit for all pictures, whoever decodes them.
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                if (reason := too_large(*image.size)) is not None:
                    raise UserError(reason, path=path)
                if image.format == "JPEG" and image.mode in ("RGB", "L"):
                    return _as_trained(path, image.getexif().get(_ORIENTATION, 1))
                return _in_colour(ImageOps.exif_transpose(image))
    except UnidentifiedImageError:
        raise UserError("is no image that can be decoded", path=path) from None
    except tf.errors.InvalidArgumentError as error:
        raise UserError(f"cannot be decoded: {error.message.splitlines()[0]}", path=path) from None
    except (OSError, ValueError, SyntaxError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UserError(f"cannot be decoded: {reason}", path=path) from None
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _as_trained(path: str, orientation: int) -> npt.NDArray[np.uint8]:
    upright = Image.fromarray(tf.io.decode_jpeg(Path(path).read_bytes(), channels=3).numpy())
    upright.getexif()[_ORIENTATION] = orientation
    return np.array(ImageOps.exif_transpose(upright))


def _in_colour(image: Any) -> npt.NDArray[np.uint8]:
    if image.mode.startswith("I"):
        gray = (np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
        return np.repeat(gray[..., np.newaxis], 3, axis=2)
    return np.array(image.convert("RGB"))

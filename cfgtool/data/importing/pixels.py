"""Pictures decoded and encoded anew, through Pillow."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from PIL import Image

_QUALITY = 95
_DEEP = ("I;16", "I;16B", "I;16L", "I")


def need_pillow(what: str) -> None:
    """Raise UserError, naming what needs it, where Pillow is not installed."""
    import importlib.util

    if importlib.util.find_spec("PIL") is None:
        raise UserError(f"{what} needs PIL, which is not installed", hint="pip install 'cfgtool[train]'")


def broken(data: bytes) -> str:
    """Why the picture cannot be decoded to its last pixel; "" if it can."""
    try:
        _decoded(data)
    except UserError as error:
        return error.message
    return ""


def encoded_anew(data: bytes, *, turn: bool) -> tuple[bytes, str, int, int]:
    """(bytes, format, width, height) of the picture with 8 bits in grey or RGB; with `turn` as viewers show it.

    JPEG stays JPEG, at quality 95; everything else becomes PNG. Raises UserError if it cannot be decoded.
    """
    from PIL import ImageOps

    image = _decoded(data)
    kind = "JPEG" if image.format == "JPEG" else "PNG"
    if turn:
        image = ImageOps.exif_transpose(image)
    if image.mode in _DEEP:
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    elif image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    content = io.BytesIO()
    image.save(content, kind, **({"quality": _QUALITY} if kind == "JPEG" else {}))
    return content.getvalue(), kind.lower(), image.width, image.height


def _decoded(data: bytes) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data))
            image.load()
    except UnidentifiedImageError:
        raise UserError("cannot be decoded: no image format is known") from None
    except Image.DecompressionBombError:
        raise UserError("cannot be decoded: it has too many pixels") from None
    except Exception as error:  # the decoders raise many kinds
        raise UserError(f"cannot be decoded: {error}") from None
    return image

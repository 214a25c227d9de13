"""The encoded picture of an entry: read, judged by its bytes, and encoded anew where that is asked for.

What training can decode is copied byte for byte. Training does not turn pictures as their EXIF data say, takes the
upper 8 of 16 bits, and inverts CMYK by a rule of its own: such pictures are flaws.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from cfgtool.data.image_ends import cut_off, orientation
from cfgtool.data.images import MAX_PIXELS, image_header
from cfgtool.data.importing.flaws import Flaw
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.data.images import ImageHeader
    from cfgtool.data.importing.options import ImportOptions
    from cfgtool.data.importing.source import Annotation, Entry

_LARGEST = 512 << 20
"""Bytes: a record with a larger picture is beyond what protobuf parses."""
_ENDINGS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".gif": "gif", ".bmp": "bmp"}


class Picture(NamedTuple):
    """An encoded picture: `width` and `height` in pixels, and the frame (width, height) that its boxes are in."""

    data: bytes
    format: str
    width: int
    height: int
    frame: tuple[int, int]


class Load:
    """One picture on its way; `picture` is None where it cannot be used."""

    def __init__(self, entry: Entry, annotation: Annotation, options: ImportOptions) -> None:
        self.flaws: list[Flaw] = []
        self.notes: list[str] = []
        self.picture: Picture | None = None
        self._entry = entry
        self._stated = annotation.size
        self._options = options
        data = self._read(annotation.path)
        if data is not None:
            self._judge(data)

    def _flaw(self, code: str, message: str) -> None:
        path = self._entry.path
        self.flaws.append(Flaw(code, self._entry.number, path, None, message))

    def _read(self, annotation: str) -> bytes | None:
        path = self._entry.path
        if not path:
            message = f"there is no picture {self._entry.name!r}"
            self.flaws.append(Flaw("picture-missing", self._entry.number, annotation, None, message))
            return None
        try:
            with open(path, "rb") as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    self._flaw("picture-missing", "is no file")
                    return None
                if status.st_size > _LARGEST:
                    self._flaw(
                        "picture-not-decodable", f"has {status.st_size >> 20} MiB: too large for a record"
                    )
                    return None
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            self._flaw("picture-missing", "no such picture")
        except (OSError, ValueError) as error:  # ValueError: a name with a null character
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self._flaw("picture-missing", f"cannot be read: {reason}")
        return None

    def _judge(self, data: bytes) -> None:
        try:
            header = image_header(data)
        except ValueError as error:
            foreign = "not JPEG" in str(error) and not str(error).startswith("is not")
            self._flaw("picture-format" if foreign else "picture-not-decodable", str(error))
            if foreign and self._options.repair:
                self._encode(data, turn=True)
            return
        if min(header.width, header.height) < 1 or header.width * header.height > MAX_PIXELS:
            self._flaw("picture-not-decodable", f"is {header.width} x {header.height} pixels large")
            return
        if reason := cut_off(data):
            self._flaw("picture-cut-off", reason)
            return
        if self._options.verify and (reason := _broken(data)):
            self._flaw("picture-not-decodable", reason)
            return
        ending = os.path.splitext(self._entry.path)[1].lower()
        if _ENDINGS.get(ending, header.format) != header.format:
            self.notes.append("ending-differs")
        turned = self._turned(data, header)
        before = len(self.flaws)
        self._unusual(header)
        if turned or len(self.flaws) > before:
            if self._options.repair:
                self._encode(data, turn=turned)
            return
        self._take(data, header.format, header.width, header.height)

    def _turned(self, data: bytes, header: ImageHeader) -> bool:
        """Whether boxes may be those of the picture as viewers show it, which training does not see."""
        value = orientation(data)
        if value == 1:
            return False
        stored, shown = (header.width, header.height), (header.height, header.width)
        if value >= 5 and stored != shown and self._stated == stored:
            self.notes.append("turned-but-stored-size")
            return False
        self._flaw("picture-turned", f"viewers turn it (EXIF orientation {value}), training does not")
        return True

    def _unusual(self, header: ImageHeader) -> None:
        if header.format == "bmp" and header.channels != 3:
            self._flaw(
                "picture-format", f"is a BMP image of {8 * header.channels} bits, and 24 can be decoded"
            )
        elif header.bits > 8:
            self._flaw("picture-deep", f"has {header.bits} bits a value; training takes the upper 8")
        elif header.format == "jpeg" and header.channels == 4:
            self._flaw("picture-cmyk", "is a CMYK image")
        elif header.channels < 3:
            self.notes.append("grey")

    def _encode(self, data: bytes, *, turn: bool) -> None:
        from cfgtool.data.importing.pixels import encoded_anew

        try:
            self._take(*encoded_anew(data, turn=turn))
        except UserError as error:
            self._flaw("picture-not-decodable", error.message)

    def _take(self, data: bytes, format_: str, width: int, height: int) -> None:
        frame = self._stated or (width, height)
        if frame != (width, height):
            swapped = ": width and height are exchanged" if frame == (height, width) else ""
            message = f"is {width} x {height} pixels, its annotation says {frame[0]} x {frame[1]}{swapped}"
            # Boxes of a turned picture cannot be scaled into this one.
            self._flaw("picture-not-decodable" if swapped else "picture-size-differs", message)
            if swapped:
                return
        self.picture = Picture(data, format_, width, height, frame)


def _broken(data: bytes) -> str:
    from cfgtool.data.importing.pixels import broken

    return broken(data)

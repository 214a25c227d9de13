"""What can be wrong with what is imported, and the way out of each."""

from __future__ import annotations

from typing import NamedTuple


class Flaw(NamedTuple):
    """One flaw: its `code`, the `number` of the picture in the source (-1: of the set), file and line where it is
    written, and the message, which begins with what is concerned.
    """

    code: str
    number: int
    path: str
    line: int | None
    message: str

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.message} [{self.code}]"


def counted(number: int, word: str) -> str:
    """The number and the word, in the plural where it is not 1."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


class Way(NamedTuple):
    """The way out of a flaw: what `--repair` does ("": it cannot), in the past tense, and what else helps."""

    repaired: str
    hint: str


WAYS: dict[str, Way] = {
    "annotation-malformed": Way("dropped", "correct the annotation"),
    "annotation-unreadable": Way("", "correct the file"),
    "annotation-missing": Way("", "take the name off the list"),
    "annotation-of-no-picture": Way("dropped", "add the picture to the list, or take the annotation away"),
    "class-unknown": Way("dropped", "name the class in --classes FILE"),
    "box-not-finite": Way("dropped", "correct the annotation"),
    "box-inverted": Way("turned over", "exchange minimum and maximum"),
    "box-over-edge": Way("clipped", "correct the annotation"),
    "box-outside": Way("dropped", "correct the annotation"),
    "box-empty": Way("dropped", "correct the annotation"),
    "box-tiny": Way("dropped", "take the object away"),
    "box-duplicate": Way("dropped", "take one of both away"),
    "mask-malformed": Way("object dropped", "correct the outline, or import with --no-masks"),
    "mask-missing": Way("object dropped", "add the outline, or import with --no-masks"),
    "keypoints-malformed": Way("keypoints dropped", "correct the annotation, or import without --keypoints"),
    "picture-missing": Way("", "--images DIR says where pictures are"),
    "picture-not-decodable": Way("", "get the picture again"),
    "picture-cut-off": Way("", "get the picture again"),
    "picture-format": Way("written as PNG", "convert the picture to JPEG or PNG"),
    "picture-cmyk": Way("written in RGB", "convert the picture to RGB"),
    "picture-deep": Way("written with 8 bits", "convert the picture to 8 bits"),
    "picture-turned": Way("turned as viewers show it", "turn the pixels, and take the EXIF orientation away"),
    "picture-size-differs": Way("boxes scaled to the picture", "get the picture that was annotated"),
    "picture-duplicate": Way("left out after the first", "keep one of them"),
    "picture-in-two-splits": Way("left out after the first", "name it in one list only"),
}
"""Code -> the way out, in the order of importance for a reader."""

SHOWN = 5
"""Flaws of one code that are printed; more are counted."""
KEPT = 1000
"""Flaws of one code that the report lists; more are counted."""


class Tally:
    """Flaws of which `KEPT` of each code are kept, and all counted."""

    def __init__(self) -> None:
        self.kept: dict[str, list[Flaw]] = {}
        self.counts: dict[str, int] = {}

    def add(self, flaw: Flaw) -> None:
        """Keep or count a flaw."""
        self.counts[flaw.code] = self.counts.get(flaw.code, 0) + 1
        kept = self.kept.setdefault(flaw.code, [])
        if len(kept) < KEPT:
            kept.append(flaw)

    def merge(self, other: Tally) -> None:
        """Add the flaws of another tally; `ordered` makes the order that of the source."""
        for code, count in other.counts.items():
            self.counts[code] = self.counts.get(code, 0) + count
            self.kept.setdefault(code, []).extend(other.kept[code])

    def ordered(self) -> list[Flaw]:
        """The kept flaws by code and place in the source, at most `KEPT` of each code."""
        return [
            flaw
            for code in WAYS
            for flaw in sorted(self.kept.get(code, ()), key=lambda one: one.number)[:KEPT]
        ]

    @property
    def total(self) -> int:
        """How many flaws there were."""
        return sum(self.counts.values())

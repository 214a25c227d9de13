"""The records of one file: every picture read, judged, mended where asked, and written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cfgtool.data.importing.encode import KeypointPlaces, example_of, keypoint_mistake, with_masks
from cfgtool.data.importing.flaws import WAYS, Flaw, Tally
from cfgtool.data.importing.objects import judge
from cfgtool.data.importing.pictures import Load
from cfgtool.data.tfrecord import frame
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import BinaryIO

    from cfgtool.data.importing.objects import Kept
    from cfgtool.data.importing.options import ImportOptions
    from cfgtool.data.importing.pictures import Picture
    from cfgtool.data.importing.source import Annotation, ClassEntry, Entry, Key, Source, Thing
    from cfgtool.data.importing.splits import Shard


class Outcome:
    """What became of pictures: those written, with their objects and bytes; flaws that were mended, that made a
    picture be left out, and that stop the import; notes, counted by what they are about.
    """

    def __init__(self, split: str = "") -> None:
        self.split = split
        self.pictures = 0
        self.without_objects = 0
        self.objects = 0
        self.bytes = 0
        self.classes: dict[int, int] = {}
        self.left_out: list[str] = []
        self.mended = Tally()
        self.skipped = Tally()
        self.fatal = Tally()
        self.notes: dict[str, int] = {}

    def note(self, what: str, count: int = 1) -> None:
        """Count something that is no flaw."""
        if count:
            self.notes[what] = self.notes.get(what, 0) + count


class ShardWriter:
    """Writes the files of an import into `folder`; a process has one, and calls it with each of its tasks."""

    def __init__(
        self,
        source: Source,
        classes: Mapping[Key, ClassEntry],
        options: ImportOptions,
        folder: str,
        *,
        stopped: bool,
    ) -> None:
        """`stopped`: flaws were found that stop the import, so that all others are looked for and nothing is written."""
        self._source = source
        self._classes = classes
        self._options = options
        self._folder = folder
        self._stopped = stopped
        self._places = KeypointPlaces(list(classes.values()) if options.keypoints else [])

    def __call__(self, shard: Shard, advance: Callable[[int], None]) -> Outcome:
        outcome = Outcome(shard.split)
        path = os.path.join(self._folder, shard.name)
        try:
            with open(path, "wb") as file:
                for entry in shard.entries:
                    self._treat(entry, outcome, file)
                    advance(1)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise UserError(f"cannot be written: {error.strerror or error}", path=path) from None
        return outcome

    def _treat(self, entry: Entry, outcome: Outcome, file: BinaryIO) -> None:
        """Write the record of a picture, or say what is in its way."""
        annotation = self._source.read(entry)
        load = Load(entry, annotation, self._options)
        flaws = [*annotation.flaws, *load.flaws]
        kept: list[Kept] = []
        masks: list[bytes] = []
        picture = load.picture
        size = picture.frame if picture is not None else annotation.size
        rounded = 0
        if size is not None:
            kept, found, rounded = judge(annotation, entry, size, self._classes)
            flaws += found
            flaws += self._keypoint_flaws(kept, entry, annotation)
        if picture is not None and self._options.masks:
            kept, masks = self._masks(kept, picture, annotation, entry, flaws)
        if not self._may_be_written(flaws, outcome):
            outcome.left_out.append(entry.name)
            return
        assert picture is not None
        for note in load.notes:
            outcome.note(note)
        outcome.note("cut-by-a-pixel", rounded)
        if not self._stopped:
            fractions = annotation.fractions
            data = example_of(entry, picture, kept, masks, self._places, fractions=fractions)
            framed = frame(data)
            file.write(framed)
            outcome.bytes += len(framed)
        outcome.pictures += 1
        outcome.objects += len(kept)
        outcome.without_objects += not kept
        for one in kept:
            outcome.classes[one.entry.id] = outcome.classes.get(one.entry.id, 0) + 1

    def _keypoint_flaws(self, kept: list[Kept], entry: Entry, annotation: Annotation) -> Iterator[Flaw]:
        """What is wrong with keypoints, which are taken away there."""
        for one in kept if self._places.count else ():
            if mistake := keypoint_mistake(one.thing, one.entry):
                message = f"{one.thing.place} of {entry.name!r}: {mistake}"
                yield Flaw("keypoints-malformed", entry.number, annotation.path, one.thing.line, message)
                one.thing.keypoints = []

    def _masks(
        self,
        kept: list[Kept],
        picture: Picture,
        annotation: Annotation,
        entry: Entry,
        flaws: list[Flaw],
    ) -> tuple[list[Kept], list[bytes]]:
        from cfgtool.data.importing.masks import Stencils

        def tell(code: str, thing: Thing, reason: str) -> None:
            message = f"{thing.place} of {entry.name!r}: {reason}"
            flaws.append(Flaw(code, entry.number, annotation.path, thing.line, message))

        stencils = Stencils(
            picture.width,
            picture.height,
            picture.frame,
            fractions=annotation.fractions,
            numbered=annotation.outlines,
        )
        return with_masks(kept, stencils.png, tell)

    def _may_be_written(self, flaws: list[Flaw], outcome: Outcome) -> bool:
        """Sort the flaws by what becomes of them; a picture is written if all of its flaws are mended."""
        options = self._options
        stay = [flaw for flaw in flaws if not (options.repair and WAYS[flaw.code].repaired)]
        if not stay:
            for flaw in flaws:
                outcome.mended.add(flaw)
            return True
        for flaw in flaws if options.skip_bad else stay:
            (outcome.skipped if options.skip_bad else outcome.fatal).add(flaw)
        if not options.skip_bad:
            self._stopped = True
        return False

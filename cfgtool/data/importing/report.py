"""What an import did: as `import.json`, and as lines for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cfgtool.data.importing.flaws import SHOWN, WAYS, Tally, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cfgtool.data.importing.options import ImportOptions
    from cfgtool.data.importing.shards import Outcome
    from cfgtool.data.importing.source import ClassEntry, Source
    from cfgtool.data.importing.splits import Shard

_NOTES = {
    "cut-by-a-pixel": "cut by at most a pixel at the edge: boxes",
    "ending-differs": "named with the ending of another format, where what is inside counts: pictures",
    "grey": "grey, decoded as three equal channels: pictures",
    "turned-but-stored-size": "with an EXIF orientation, but annotated as they are stored: pictures",
}
"""What is counted and no flaw; the last word says what it is about."""


class Report:
    """The sums over all files. `mended` are the flaws that `--repair` dealt with, `skipped` those of pictures that
    `--skip-bad` left out, `fatal` those that stopped the import.
    """

    def __init__(
        self,
        options: ImportOptions,
        source: Source,
        classes: Sequence[ClassEntry],
        shards: Sequence[Shard],
        outcomes: Sequence[Outcome],
        whole: Outcome,
    ) -> None:
        self.options = options
        self.notes = list(source.notes)
        self.listed = len(source.entries)
        self._classes = sorted(classes, key=lambda entry: entry.id)
        self.mended, self.skipped, self.fatal = Tally(), Tally(), Tally()
        counts: dict[str, int] = {}
        for outcome in (whole, *outcomes):
            self.mended.merge(outcome.mended)
            self.skipped.merge(outcome.skipped)
            self.fatal.merge(outcome.fatal)
            for note, count in outcome.notes.items():
                counts[note] = counts.get(note, 0) + count
        self.counts = {note: counts[note] for note in _NOTES if note in counts}
        self.left_out = sorted(name for outcome in outcomes for name in outcome.left_out)
        self.splits = _splits(shards, outcomes)
        self.objects_of: dict[int, int] = {}
        for outcome in outcomes:
            for id_, count in outcome.classes.items():
                self.objects_of[id_] = self.objects_of.get(id_, 0) + count

    @property
    def pictures(self) -> int:
        """How many pictures were written."""
        return sum(int(split["pictures"]) for split in self.splits.values())

    @property
    def num_classes(self) -> int:
        """What `num_classes` of a model must be: the largest id."""
        return max(entry.id for entry in self._classes)

    def as_json(self) -> str:
        """The content of `import.json`: the same for the same input and options, whatever the number of processes."""
        options = self.options
        said: dict[str, Any] = {
            "format": options.format,
            "source": options.source,
            "options": {
                "split": list(options.fractions) or options.held_out or None,
                "shards": options.shards or None,
                "seed": options.seed,
                "images": options.images,
                "classes": options.classes,
                "masks": options.masks,
                "keypoints": options.keypoints,
                "renumber": options.renumber,
                "repair": options.repair,
                "skip_bad": options.skip_bad,
                "verify": options.verify,
            },
            "splits": self.splits,
            "num_classes": self.num_classes,
            "classes": [
                {"id": entry.id, "name": entry.name, "objects": self.objects_of.get(entry.id, 0)}
                for entry in self._classes
            ],
            "pictures_left_out": self.left_out,
            "notes": [*self.notes, *(f"{_NOTES[note]} {count}" for note, count in self.counts.items())],
            "repaired": _listed(self.mended, with_repair=True),
            "left_out": _listed(self.skipped),
        }
        if self.fatal.total:
            said["problems"] = _listed(self.fatal)
        return json.dumps(said, indent=1, ensure_ascii=True) + "\n"

    def lines(self) -> Iterator[str]:
        """What was written, and what became of flaws."""
        for name, split in self.splits.items():
            files = int(split["files"])
            where = f"{name}-?????-of-{files:05d}.record" if files > 1 else f"{name}-00000-of-00001.record"
            none = f" ({split['without_objects']} without objects)" if split["without_objects"] else ""
            pictures, objects = counted(split["pictures"], "picture"), counted(split["objects"], "object")
            yield f"{name}: {pictures}{none}, {objects} in {where}"
        yield f"classes: {len(self._classes)} in label_map.pbtxt, num_classes: {self.num_classes}"
        yield from self.notes
        for note, number in self.counts.items():
            yield f"{_NOTES[note]} {number}"
        for tally, title in ((self.mended, "repaired"), (self.skipped, "left out")):
            for code, way in WAYS.items():
                if count := tally.counts.get(code):
                    yield f"{title}: {count} {code}" + (f": {way.repaired}" if tally is self.mended else "")

    def problem_lines(self) -> Iterator[str]:
        """The flaws that stopped the import: the first of each code, how many more, and the way out."""
        for code in (code for code in WAYS if code in self.fatal.counts):
            flaws = [flaw for flaw in self.fatal.ordered() if flaw.code == code]
            yield from (str(flaw) for flaw in flaws[:SHOWN])
            count = self.fatal.counts[code]
            if count > SHOWN:
                yield f"... {count - SHOWN} more of {code}"
            way = WAYS[code]
            ways = [way.hint] + (
                [f"--repair: {way.repaired}"] if way.repaired and not self.options.repair else []
            )
            yield f"  way out: {'; '.join([*ways, '--skip-bad leaves such pictures out'])}"


def _splits(shards: Sequence[Shard], outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for shard, outcome in zip(shards, outcomes, strict=True):
        split = found.setdefault(
            shard.split, {"files": 0, "pictures": 0, "without_objects": 0, "objects": 0, "bytes": 0}
        )
        split["files"] += 1
        split["pictures"] += outcome.pictures
        split["without_objects"] += outcome.without_objects
        split["objects"] += outcome.objects
        split["bytes"] += outcome.bytes
    return found


def _listed(tally: Tally, *, with_repair: bool = False) -> dict[str, Any]:
    """Counts by code, and the flaws that are kept."""
    flaws = []
    for flaw in tally.ordered():
        said: dict[str, Any] = {
            "code": flaw.code,
            "file": flaw.path,
            "line": flaw.line,
            "message": flaw.message,
        }
        if with_repair:
            said["repair"] = WAYS[flaw.code].repaired
        flaws.append(said)
    return {"counts": {code: tally.counts[code] for code in WAYS if code in tally.counts}, "flaws": flaws}

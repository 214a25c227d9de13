"""Pascal VOC: an XML file for each picture. Format: Everingham et al., the development kit of VOC2012.

Boxes name the first and the last pixel inside, counted from 1: the edges are at xmin - 1 and xmax.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cfgtool.data import keys
from cfgtool.data.importing.flaws import Flaw, counted
from cfgtool.data.importing.folders import files_below, no_folder, with_ending
from cfgtool.data.importing.source import Annotation, ClassEntry, Entry, Thing
from cfgtool.data.importing.values import as_integer, as_number
from cfgtool.data.importing.xml_tree import read_xml
from cfgtool.errors import UserError
from cfgtool.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.data.importing.source import Key
    from cfgtool.data.importing.xml_tree import Node

_FLAGS = (("difficult", keys.DIFFICULT), ("truncated", keys.TRUNCATED), ("occluded", keys.OCCLUDED))
_LISTS = (("train", "train"), ("val", "val"), ("test", "test"))
_CORNERS = ("ymin", "xmin", "ymax", "xmax")


class Voc:
    """A folder as the development kit lays it out, or any folder with XML files."""

    masks = True

    def __init__(self, path: str, images: str | None) -> None:
        """Raises UserError if there are no annotations. Classes are in alphabetical order."""
        if not os.path.isdir(path):
            raise no_folder(path)
        self.classes: dict[Key, ClassEntry] = {}
        self.flaws: list[Flaw] = []
        self.notes: list[str] = []
        self._root = path
        folder = os.path.join(path, "Annotations")
        self._folder = folder if os.path.isdir(folder) else path
        self._images = images
        files = files_below(self._folder, ".xml")
        if not files:
            raise UserError("has no .xml file", path=self._folder, hint="give the folder of the annotations")
        self.entries = self._listed(files)
        names: set[str] = set()
        for entry in self.entries:
            names.update(self._looked_at(entry))
        for number, name in enumerate(sorted(names), 1):
            self.classes[name] = ClassEntry(number, name)

    def read(self, entry: Entry) -> Annotation:
        """The objects of a picture. A file that is not as it should be is a flaw."""
        path: str = entry.detail
        try:
            root = read_xml(path)
        except UserError as error:
            hint = f"; {error.hint}" if error.hint else ""
            code = "annotation-missing" if not os.path.exists(path) else "annotation-unreadable"
            return Annotation(path, flaws=[Flaw(code, entry.number, path, error.line, error.message + hint)])
        if root.tag != "annotation":
            message = f"is <{root.tag}>, not an <annotation> of Pascal VOC"
            return Annotation(
                path, flaws=[Flaw("annotation-unreadable", entry.number, path, root.line, message)]
            )
        found = Annotation(path, size=_size(root))
        masks = os.path.join(self._root, "SegmentationObject", f"{entry.source_id}.png")
        found.outlines = masks if os.path.isfile(masks) else ""
        for number, node in enumerate((one for one in root.children if one.tag == "object"), 1):
            thing = _thing(node, number)
            if isinstance(thing, str):
                message = f"object {number} of {entry.name!r}: {thing}"
                found.flaws.append(Flaw("annotation-malformed", entry.number, path, node.line, message))
            else:
                found.things.append(thing)
        return found

    def _looked_at(self, entry: Entry) -> Iterator[str]:
        """Find the picture of an entry; yields the names of the classes. What is wrong is told when its turn comes."""
        try:
            root = read_xml(entry.detail)
        except UserError:
            return
        entry.path = self._picture(entry.detail, root)
        entry.name = os.path.basename(entry.path) or root.said("filename") or entry.name
        yield from (name for one in root.children if one.tag == "object" and (name := one.said("name")))

    def _listed(self, files: list[str]) -> list[Entry]:
        """An entry for each file, or for each name in the lists of the splits where there are such lists."""
        sets = os.path.join(self._root, "ImageSets", "Main")
        lists = [(split, os.path.join(sets, f"{name}.txt")) for name, split in _LISTS]
        if not os.path.isfile(lists[0][1]):
            lists[0] = ("train", os.path.join(sets, "trainval.txt"))
            lists[1] = ("val", "")
        lists = [(split, path) for split, path in lists if os.path.isfile(path)]
        by_stem = {os.path.splitext(os.path.relpath(file, self._folder))[0]: file for file in files}
        if not lists:
            return [
                Entry(number, stem, "", stem, "", file)
                for number, (stem, file) in enumerate(sorted(by_stem.items()))
            ]
        named: dict[str, Entry] = {}
        for split, path in lists:
            for line, text in enumerate(read_text(path).split("\n"), 1):
                stem = text.split()[0] if text.split() else ""
                if not stem:
                    continue
                if stem in named:
                    message = f"{stem!r} is in {named[stem].split} already"
                    code = "picture-duplicate" if named[stem].split == split else "picture-in-two-splits"
                    self.flaws.append(Flaw(code, named[stem].number, path, line, message))
                    continue
                file = by_stem.get(stem, os.path.join(self._folder, f"{stem}.xml"))
                named[stem] = Entry(len(named), stem, "", stem, split, file)
        aside = len(by_stem.keys() - named.keys())
        if aside:
            self.notes.append(f"{counted(aside, 'annotation')} in no list of {sets}, left aside")
        return list(named.values())

    def _picture(self, path: str, root: Node) -> str:
        """The file of the picture: the one that the annotation names, or one with the annotation's own name."""
        name = os.path.basename(root.said("filename").replace("\\", "/"))
        stem = os.path.splitext(os.path.basename(path))[0]
        folder = os.path.dirname(path)
        inner = os.path.relpath(folder, self._folder)
        places = [self._images] if self._images else [os.path.join(self._root, "JPEGImages", inner)]
        if not self._images:
            places += [folder, os.path.join(self._root, "images", inner)]
        for place in places:
            # A name without its ending is common, and so is one that was changed only on the disk.
            named = os.path.join(place, name) if name else ""
            if named and os.path.isfile(named):
                return os.path.normpath(named)
            if found := with_ending(os.path.join(place, stem)) or (with_ending(named) if named else ""):
                return os.path.normpath(found)
        return ""


def _size(root: Node) -> tuple[int, int] | None:
    size = root.find("size")
    if size is None:
        return None
    width, height = as_integer(size.said("width")), as_integer(size.said("height"))
    return (width, height) if width and height and min(width, height) > 0 else None


def _thing(node: Node, number: int) -> Thing | str:
    """The object of an element, or what is wrong with it."""
    name, box = node.said("name"), node.find("bndbox")
    if not name:
        return "has no <name>"
    if box is None:
        return f"{name!r} has no <bndbox>"
    corners = []
    for tag in _CORNERS:
        value = as_number(box.said(tag))
        if value is None:
            return f"{name!r} has {tag} {box.said(tag)!r}, not a number"
        corners.append(value)
    top, left, bottom, right = corners
    thing = Thing(name, (top - 1, left - 1, bottom, right), f"object {number}", node.line, outline=number)
    for tag, key in _FLAGS:
        text = node.said(tag, "0") or "0"
        value = as_number(text) if text not in ("Unspecified", "unknown") else 0.0
        if value is None or not 0 <= value <= 1:
            return f"{name!r} has {tag} {text!r}, not 0 or 1"
        thing.extra[key] = int(value >= 0.5)
    thing.extra[keys.VIEW] = node.said("pose", "Unspecified") or "Unspecified"
    return thing

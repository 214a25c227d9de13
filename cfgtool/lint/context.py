"""What a check may look at: the config, its text, and the files that it names.

A file is opened when a check first asks for it, and once per config. What cannot be had is None, with the
reason kept in `notes`: a rule that needs a file runs when the file is there, and lint says so when it is
not.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

from cfgtool.errors import UserError
from cfgtool.files import exists, is_folder
from cfgtool.lint.declarative import weakened
from cfgtool.lint.findings import Fix
from cfgtool.textproto import Edit

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from cfgtool.checkpoints import Checkpoint
    from cfgtool.data.label_map import LabelMap
    from cfgtool.data.reading import Progress
    from cfgtool.lint.records import RecordSample
    from cfgtool.matching import RestorePlan
    from cfgtool.networks import NetworkDescription
    from cfgtool.schema import Config, Entry
    from cfgtool.textproto import Document

T = TypeVar("T")


class Context:
    """One config under examination.

    `generation` is "tf1" or "tf2"; `path` is None for text without a file. `remaps` says what prefixes of
    file names stand for here, the longest first. With `all_records` every record is read, and `progress` is
    told how far that is. With `remote` names with a scheme are looked at too. `lacking` is set when a file
    or network that was asked for cannot be had; `unjudged` are the codes of the rules that this happened to.
    """

    __slots__ = (
        "_cache",
        "all_records",
        "config",
        "document",
        "generation",
        "lacking",
        "notes",
        "path",
        "progress",
        "remaps",
        "remote",
        "unjudged",
    )

    def __init__(
        self,
        config: Config,
        document: Document,
        path: str | None,
        generation: str,
        remaps: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.config = config
        self.document = document
        self.path = path
        self.generation: Literal["tf1", "tf2"] = "tf1" if generation == "tf1" else "tf2"
        self.notes: list[str] = []
        self.remaps = remaps
        self.lacking = False
        self.unjudged: set[str] = set()
        self.all_records = False
        self.remote = False
        self.progress: Progress | None = None
        self._cache: dict[tuple[str, str], Any] = {}

    def source(self, entry: Entry) -> str:
        """The value of `entry` as the text has it."""
        value = entry.field.value
        return "" if value is None else self.document.text[value.start : value.end]

    def delete(self, entry: Entry) -> Edit | None:
        """The edit that deletes the field of `entry`; None for one element of a `[list]`."""
        from cfgtool.textproto.edits import delete_field

        if entry.node is not entry.field.value:
            return None
        return delete_field(self.document, entry.field)

    def replace(self, entry: Entry, text: str) -> Edit:
        """The edit that writes `text` in the place of the value."""
        from cfgtool.textproto.edits import replace_span

        return replace_span(self.document, entry.start, entry.end, text)

    def rewrite(self, entry: Entry, text: str) -> Edit:
        """The edit that writes the field `text` in the place of the whole field."""
        from cfgtool.textproto.edits import replace_span

        return replace_span(self.document, entry.field.start, entry.field.end, text)

    def insert(self, config: Config, text: str, before: Entry | None = None) -> Edit | None:
        """The edit that puts the field `text` into a message; None if the message is not in the text."""
        from cfgtool.textproto.edits import insert_field

        if config.block is None:
            return None
        return insert_field(self.document, config.block, text, before=before.field if before else None)

    def insert_fix(
        self, config: Config, text: str, applicability: str, before: Entry | None = None
    ) -> Fix | None:
        """A fix that puts the field `text` into a message, where the message is in the text."""
        return self.fix(f"add '{text}'", applicability, [self.insert(config, text, before)])

    def fix(self, title: str, applicability: str, edits: list[Edit | None]) -> Fix | None:
        """A fix of these edits, "unsafe" if they take a comment along; None if an edit could not be made."""
        made = [edit for edit in edits if edit is not None]
        if not made or len(made) != len(edits):
            return None
        return Fix(title, weakened(self.document, applicability, made), tuple(sorted(made, key=_edit_start)))

    def locate(self, name: str, suffix: str = "") -> str | None:
        """Where the file `name` of the config is: absolute, below the current folder, or beside the config.

        With `suffix` (".index"), the file that must exist is `name + suffix`; what comes back is `name`
        resolved. None if it is nowhere.
        """
        name = self.remapped(name)
        for folder in self.folders(name):
            path = os.path.join(folder, name)
            try:
                if exists(path + suffix):
                    return path
            except UserError as error:
                self.note(f"not looked at: {error}")
        self.lacking = True
        return None

    def looks_at(self, name: str) -> bool:
        """Whether the file `name` of the config may be looked for: no placeholder, and elsewhere only if asked for."""
        from cfgtool.lint.checks._paths import is_local

        name = self.remapped(name)
        return is_local(name) or (self.remote and "://" in name and not is_placeholder(name))

    def remapped(self, name: str) -> str:
        """The file name `name` of the config as it is called here; itself where no remap is about it."""
        return remapped(name, self.remaps)

    def folders(self, name: str = "") -> list[str]:
        """Where `name`, if relative, is looked for: the current folder, as in training, then the config's.

        A name with a scheme is looked for at its place, or nowhere.
        """
        if "://" in name:
            return [""] if self.remote else []
        beside = os.path.dirname(self.path) if self.path else ""
        return ["", beside] if beside else [""]

    def files(self, pattern: str) -> list[str]:
        """The files that an `input_path` means, sorted; it may hold `*`, `?` and `[...]`."""
        if not _has_wildcards(pattern):
            path = self.locate(pattern)
            return [] if path is None or is_folder(path) else [path]
        found = self.once("files", pattern, lambda: self._matching(pattern))
        self.lacking = self.lacking or not found
        return found or []

    def _matching(self, pattern: str) -> list[str]:
        import glob

        pattern = self.remapped(pattern)
        for folder in self.folders(pattern):
            whole = os.path.join(folder, pattern)
            if "://" in whole:
                from cfgtool import remote

                found = remote.matching(whole)
            else:
                found = [path for path in sorted(glob.glob(whole)) if not os.path.isdir(path)]
            if found:
                return found
        return []

    def label_map(self, name: str) -> LabelMap | None:
        """The label map called `name` in the config; None, with a note, if it cannot be read."""

        def read() -> LabelMap:
            from cfgtool.data.label_map import read_label_map
            from cfgtool.lint.filecache import cached

            path = self._existing(name, "label map")
            return cached("label map", [path], path, lambda: read_label_map(path))

        return self.once("label map", name, read)

    def _label_map_at_hand(self, name: str) -> LabelMap | None:
        """The label map called `name`, None without a note where it is not on this machine."""
        return self.label_map(name) if self.locate(name) is not None else None

    def checkpoint(self) -> Checkpoint | None:
        """The start checkpoint; None if none is asked for, and with a note if it cannot be read."""
        name = self.config.message("train_config").text("fine_tune_checkpoint")
        if not name:
            return None

        def read() -> Checkpoint:
            from cfgtool.lint.filecache import kept_checkpoint

            return kept_checkpoint(self.locate(name, ".index") or self._existing(name, "checkpoint"))

        return self.once("checkpoint", name, read)

    def has_records(self) -> bool:
        """Whether there are files of any input reader."""
        if "train_input_reader" not in self.config.type.fields:
            return False  # a label map
        from cfgtool.data.sources import readers

        # All readers are asked, because each notes what it lacks.
        found = [self.record_files(reader) for reader in readers(self.config)]
        self.lacking = bool(found) and not any(found)
        return any(found)

    def records(self, reader: Config) -> RecordSample | None:
        """What is known of the records of an `InputReader`, read when first asked for; None without files."""
        files = self.record_files(reader)
        if not files:
            self.lacking = True
            return None
        from cfgtool.lint.records import read_records

        return self.once("records", reader.path, lambda: read_records(self, reader, files))

    def record_files(self, reader: Config) -> dict[str, Entry]:
        """The files of an `InputReader` that are there, with the `input_path` of each; nothing is read."""
        from cfgtool.lint.records import record_files

        return self.once("record files", reader.path, lambda: record_files(self, reader)) or {}

    def network(self, *, noted: bool = True) -> NetworkDescription | None:
        """The configured network; None if it is of a kind that is not described.

        That is noted, unless what asks is `noted` False: an estimate that nobody waits for.
        """

        def read() -> NetworkDescription:
            from cfgtool.data.keypoints import keypoint_counts
            from cfgtool.lint.kept_network import kept_network

            keypoints = keypoint_counts(self.config, self._label_map_at_hand)
            return kept_network(self.config, self.generation, keypoints)

        return self.once("network", "", read, noted=noted)

    def restore_plan(self) -> RestorePlan | None:
        """The fate of every variable if training starts from the checkpoint; None if that cannot be said."""

        def read() -> RestorePlan | None:
            from cfgtool.matching import configured_plan

            network, checkpoint = self.network(), self.checkpoint()
            if network is None or checkpoint is None:
                return None
            return configured_plan(self.config, network, checkpoint)

        return self.once("restore plan", "", read)

    def note(self, text: str) -> None:
        """Tell the user why something was not checked; said once."""
        self.lacking = True
        if text not in self.notes:
            self.notes.append(text)

    def _existing(self, name: str, what: str) -> str:
        path = self.locate(name)
        if path is None:
            raise UserError(f"{what} {name!r} is not there")
        return path

    def once(self, what: str, name: str, read: Callable[[], T | None], *, noted: bool = True) -> T | None:
        """What `read()` gives, asked for once in an analysis; None, with a note, if it raises UserError."""
        key = (what, name)
        if key not in self._cache:
            try:
                self._cache[key] = read(), ""
            except UserError as error:
                self._cache[key] = None, f"not checked against the {what}: {error}"
        value: T | None
        value, problem = self._cache[key]
        if value is None:
            self.lacking = True
        if problem and noted:
            self.note(problem)
        return value


def _has_wildcards(pattern: str) -> bool:
    if "://" in pattern:
        from cfgtool import remote

        return remote.has_wildcards(pattern)
    return any(character in pattern for character in "*?[")


def _edit_start(edit: Edit) -> tuple[int, int]:
    return edit.start, edit.end


def remapped(name: str, remaps: tuple[tuple[str, str], ...]) -> str:
    """`name` with the first of the prefixes in `remaps` that it begins with replaced, as whole folders."""
    for prefix, here in remaps:
        if name.startswith(prefix) and (prefix[-1:] in "/\\" or name[len(prefix) :][:1] in ("", "/")):
            return here + name[len(prefix) :]
    return name


def is_placeholder(path: str) -> bool:
    """True for a path that is empty or was never filled in, such as "PATH_TO_BE_CONFIGURED/model.ckpt"."""
    from cfgtool.schema.problems import PLACEHOLDERS

    return not path or any(mark in path for mark in PLACEHOLDERS)

"""The Python interface: a config as a value that is read, judged and changed without losing a comment.

    import cfgtool

    config = cfgtool.load("pipeline.config")
    config["train_config.batch_size"]                             # 24
    [str(config.position(finding.start)) for finding in config.lint()]
    config.set({"train_config.batch_size": 8}).save()

A document never changes: `set`, `unset`, `fix`, `edit`, `migrate` and `format` give a new one. Nothing here imports
TensorFlow or NumPy, and nothing is written before `save`. All mistakes of a user's are `cfgtool.UserError`.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from cfgtool.errors import UserError
from cfgtool.files import atomic_write, decode_text, encode_text, read_proto

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Literal

    from cfgtool.lint.engine import Settings
    from cfgtool.lint.findings import Finding
    from cfgtool.migrate import Migration
    from cfgtool.schema import Config
    from cfgtool.textproto import Document, Edit


class Place(NamedTuple):
    """Where a value stands: character offsets into the text, half-open, and line and column of the start, from 1."""

    start: int
    end: int
    line: int
    column: int


class ConfigDocument:
    """The text of one `pipeline.config` or label map, with its typed values and where each of them stands.

    `path` is the file that it came from, None for a text. Any text makes a document: what is wrong with it is told by
    `lint`.
    """

    def __init__(self, text: str, path: str | os.PathLike[str] | None = None) -> None:
        self.text = text
        self.path = None if path is None else os.fspath(path)

    def __repr__(self) -> str:
        return f"ConfigDocument({self.path or '<text>'}, {len(self.text)} characters)"

    def __str__(self) -> str:
        return self.text

    # Reading

    @cached_property
    def tree(self) -> Document:
        """The lossless syntax tree: every field with its span, comments, and the syntax mistakes."""
        from cfgtool.textproto import parse

        return parse(self.text)

    @cached_property
    def config(self) -> Config:
        """The typed values as the OD API merges them, each with the place that it came from."""
        from cfgtool.schema import read_config
        from cfgtool.schema.model import root_of

        return read_config(self.tree, root_of(self.tree))

    def get(self, path: str) -> Any:
        """The value in effect at a path such as `train_config.batch_size` or `eval_input_reader[0].shuffle`.

        Where the config leaves the field unset, the schema's default. Enum values are their names, floats have single
        precision, messages are dictionaries of the fields that are set, repeated fields lists; with `[*]` in the path the
        value is a list of what each element has. Raises UserError for a path that the schema does not have, with the
        nearest name.
        """
        from cfgtool.schema.effective import find_values, plain

        values = [plain(found.field, found.value) for found in find_values(self.config, path)]
        return values if "[*]" in path else values[0]

    def __getitem__(self, path: str) -> Any:
        return self.get(path)

    def is_set(self, path: str) -> bool:
        """Whether the text gives the field at `path` a value. Raises UserError as `get`."""
        from cfgtool.schema.effective import find_values

        return any(found.is_set for found in find_values(self.config, path))

    def place(self, path: str) -> Place | None:
        """Where the value at `path` stands, None if it is unset. Raises UserError as `get`."""
        if not self.is_set(path):
            return None
        parent, _, name = path.rpartition(".")
        name, _, index = name.partition("[")
        owner = self.config.find(parent)
        entries = [entry for entry in owner.entries(name) if entry.value is not None]
        entry = entries[int(index.rstrip("]"))] if index else owner.entry(name)
        assert entry is not None
        return Place(entry.start, entry.end, *self.position(entry.start))

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character offset such as a finding's `start`."""
        return self.tree.position(offset)

    # Judging

    def lint(
        self,
        *,
        target: Literal["auto", "tf1", "tf2"] = "auto",
        select: Iterable[str] = (),
        ignore: Iterable[str] = (),
    ) -> list[Finding]:
        """The findings, in the order of the text; `select` and `ignore` take codes, prefixes and names of rules.

        Configuration files are not looked at. Raises UserError for an unknown target or rule.
        """
        from cfgtool.lint.engine import lint_document

        return lint_document(self.tree, self.path, _settings(target, select, ignore))

    # Changing

    def edit(self, edits: Iterable[Edit]) -> ConfigDocument:
        """The document with these edits made, for example those of `finding.fix`. Raises ValueError if two overlap."""
        from cfgtool.textproto.edits import apply_edits

        return ConfigDocument(apply_edits(self.text, edits), self.path)

    def fix(
        self,
        *,
        unsafe: bool = False,
        target: Literal["auto", "tf1", "tf2"] = "auto",
        select: Iterable[str] = (),
        ignore: Iterable[str] = (),
    ) -> ConfigDocument:
        """The document with all safe fixes made (with `unsafe`: the unsafe too), as far as nothing gets worse."""
        from cfgtool.lint.fixing import fix_text

        outcome = fix_text(self.text, self.path, _settings(target, select, ignore), unsafe)
        return ConfigDocument(outcome.text, self.path)

    def set(self, values: Mapping[str, Any]) -> ConfigDocument:
        """The document with the fields at these paths set, one after another, comments and layout kept.

        Paths are those of `get`; with `+` at the end an element is appended. Values are Python's: enum values and strings
        as str, messages as dictionaries, repeated fields as lists; a `Literal` of `cfgtool.raw` is taken as it is
        written. A member of a oneof replaces the one that is set. Raises UserError where the schema does not have the
        path or the field does not take the value; then nothing is changed.
        """
        from cfgtool.schema.editing import edit_text
        from cfgtool.schema.spelling import spelled

        root = self.config.type
        assignments = [f"{path}={spelled(root, path, value)}" for path, value in values.items()]
        return ConfigDocument(edit_text(self.text, assignments).text, self.path)

    def unset(self, *paths: str) -> ConfigDocument:
        """The document without the fields at these paths. Raises UserError for paths that the schema does not have."""
        from cfgtool.schema.editing import edit_text

        return ConfigDocument(edit_text(self.text, (), paths).text, self.path)

    def migrate(
        self, *, to: Literal["same", "tf2"] = "same", unsafe: bool = False
    ) -> tuple[ConfigDocument, Migration]:
        """The document with deprecated and dead spellings rewritten, and the report: what was done, what is left.

        Raises UserError if the text has syntax mistakes.
        """
        from cfgtool.migrate import migrate

        report = migrate(self.text, target=to, unsafe=unsafe)
        return ConfigDocument(report.after, self.path), report

    def format(self) -> ConfigDocument:
        """The document in canonical layout. Raises UserError if the text has syntax mistakes."""
        from cfgtool.schema.formatting import format_text

        return ConfigDocument(format_text(self.text), self.path)

    # Writing

    def save(self, path: str | os.PathLike[str] | None = None, *, overwrite: bool = False) -> None:
        """Write the text in one step: to the file that it came from, or to `path`.

        Raises UserError if another file is there already and `overwrite` is not given, and if it cannot be written.
        """
        target = self.path if path is None else os.fspath(path)
        if target is None:
            raise UserError("no file to save to", hint="give save() a path")
        if target != self.path and not overwrite and os.path.exists(target):
            raise UserError("exists already", path=target, hint="overwrite=True replaces it")
        atomic_write(target, encode_text(self.text))


def load(path: str | os.PathLike[str]) -> ConfigDocument:
    """The config or label map at `path`. Raises UserError if it cannot be read, or is a binary file."""
    return ConfigDocument(read_proto(os.fspath(path)), path)


def loads(text: str | bytes) -> ConfigDocument:
    """A config or label map from its text; bytes are decoded as UTF-8, without loss where they are not."""
    return ConfigDocument(decode_text(text) if isinstance(text, bytes) else text)


def _settings(target: str, select: Iterable[str], ignore: Iterable[str]) -> Settings:
    from cfgtool.lint.engine import Settings
    from cfgtool.lint.selection import selected_codes

    if target not in ("auto", "tf1", "tf2"):
        raise UserError(f"no target {target!r}", hint="targets are auto, tf1, tf2")
    settings = Settings(target)
    if select or ignore:
        settings.codes = selected_codes(settings.catalogue, list(select), list(ignore))
    return settings

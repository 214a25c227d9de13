"""The config that a run works from: the user's file, the command line's changes, paths made findable."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cfgtool.data.paths import expand_pattern
from cfgtool.errors import UserError
from cfgtool.files import exists, read_proto
from cfgtool.lint.engine import Report, analyse
from cfgtool.schema import Config, Entry, read_config
from cfgtool.schema.overrides import set_value
from cfgtool.textproto import Document, Edit, apply_edits, parse
from cfgtool.training.architecture import TRAINED

PATH_FIELDS = ("label_map_path", "keypoint_label_map_path", "input_path", "fine_tune_checkpoint")
"""Fields that name files; a relative one is looked for below the current folder, then beside the config."""
PLACEHOLDER = "CFG043"
"""The rule about paths that nobody has filled in."""


@dataclass(frozen=True)
class Job:
    """A config as a run takes it, with the command line's changes in its `text`."""

    path: str
    text: str
    config: Config
    report: Report

    @property
    def generation(self) -> str:
        """ "tf1" or "tf2": the trainer that the config was written for."""
        return self.report.generation

    @property
    def lasting_text(self) -> str:
        """The text with absolute paths in place of relative ones that lead somewhere now; all else is untouched.

        `pipeline.config` of a model dir holds this one: it is read later, from other folders.
        """
        edits = []
        for entry in _relative_paths(self.config):
            if entry.node is not None and _exists(entry.value):
                place = Path(os.path.abspath(entry.value)).as_posix()
                edits.append(Edit(entry.node.start, entry.node.end, quoted(place)))
        return apply_edits(self.text, edits)

    def fail(self, message: str, entry: Entry | None = None, hint: str | None = None) -> UserError:
        """A UserError at an entry of the config."""
        if entry is None:
            return UserError(message, path=self.path, hint=hint)
        line, column = self.config.document.position(entry.start)
        return UserError(message, path=self.path, line=line, column=column, hint=hint)


def load_job(path: str, overrides: Iterable[str] = (), *, input_only: bool = False) -> Job:
    """Read the config at `path` and apply `path=value` overrides.

    Raises UserError if the file cannot be read, an override does not fit, the model is of a meta-architecture that is
    not trained here, or the text with the overrides has errors of syntax or schema: a run must not start from a
    config that means something else than it says. With `input_only`, for looking at what the network would be fed,
    any architecture will do, and paths may be placeholders.
    """
    return job_of(path, read_proto(path), overrides, input_only=input_only)


def job_of(path: str, text: str, overrides: Iterable[str] = (), *, input_only: bool = False) -> Job:
    """As `load_job`, of a text that is or would be the file at `path`."""
    document = parse(text)
    # First of all: whoever fills in every path should not learn it only then.
    if not input_only:
        _refuse_architecture(path, document)
    if document.problems or not document.root.fields:  # what cannot be read cannot be changed either
        _refuse_errors(path, analyse(document, path), placeholders=input_only)
    given = document
    for override in overrides:
        name, equals, value = override.partition("=")
        if not equals:
            raise UserError(
                f"override {override!r} is not of the form 'path=value'",
                hint="such as train_config.batch_size=4",
            )
        text = apply_edits(text, set_value(document, name.strip(), value.strip()))
        document = parse(text)
    text = apply_edits(text, list(_findable_paths(read_config(document), path)))
    document = parse(text)
    report = analyse(document, path)
    _refuse_errors(path, report, given, placeholders=input_only)
    return Job(path, text, read_config(document), report)


def _refuse_architecture(path: str, document: Document) -> None:
    """Raise for a model whose losses and detections nobody computes here."""
    model = read_config(document).message("model")
    kind = model.which("model")
    entry = model.entry(kind) if kind is not None else None
    if kind in (None, *TRAINED) or entry is None:
        return
    line, column = document.position(entry.start)
    message = f"models of meta-architecture {kind!r} cannot be trained and evaluated yet"
    hint = f"{', '.join(TRAINED)} can; lint, migrate, match and variables know the others too"
    raise UserError(message, path=path, line=line, column=column, hint=hint)


def _refuse_errors(
    path: str, report: Report, given: Document | None = None, *, placeholders: bool = False
) -> None:
    """Raise for the first error of syntax or schema; errors of other rules are the trainer's own to judge.

    The place is that in `given`, the text of the file, where overrides have moved the lines. `placeholders` may stay.
    """
    errors = [
        finding
        for finding in report.findings
        if finding.severity == "error"
        and finding.code < "CFG1"
        and not (placeholders and finding.code == PLACEHOLDER)
    ]
    if not errors:
        return
    first = errors[0]
    line, column = report.document.position(first.start)
    if given is not None and given.text != report.document.text:
        same = (
            finding
            for finding in analyse(given, path).findings
            if (finding.code, finding.path, finding.message) == (first.code, first.path, first.message)
        )
        line, column = next((given.position(finding.start) for finding in same), (line, column))
    more = f"and {len(errors) - 1} more errors; " if len(errors) > 1 else ""
    message = f"{first.code} {first.message}"
    raise UserError(message, path=path, line=line, column=column, hint=f"{more}see `cfgtool lint {path}`")


def _findable_paths(config: Config, path: str) -> Iterator[Edit]:
    """Edits that put the config's folder before relative paths that only exist there."""
    folder = os.path.dirname(path)
    if not folder:
        return
    for entry in _relative_paths(config):
        name = entry.value
        if entry.node is not None and not _exists(name) and _exists(os.path.join(folder, name)):
            found = os.path.join(folder, name)
            if "://" not in found:
                found = Path(os.path.normpath(found)).as_posix()
            yield Edit(entry.node.start, entry.node.end, quoted(found))


def _relative_paths(config: Config) -> Iterator[Entry]:
    """The fields that hold a relative path."""
    for _, entry in config.walk():
        name = entry.value
        if entry.type.name in PATH_FIELDS and isinstance(name, str) and name and _is_relative(name):
            yield entry


def _exists(name: str) -> bool:
    """Whether a path, a glob, a sharded name or a checkpoint prefix leads anywhere."""
    return exists(name) or exists(name + ".index") or any(map(exists, expand_pattern(name)))


def _is_relative(name: str) -> bool:
    return not os.path.isabs(name) and "://" not in name


def steps_and_batch(job: Job) -> tuple[int, int]:
    """`num_steps` and `batch_size` of a config. Raises UserError if one of them is not positive."""
    train_config = job.config.message("train_config")
    num_steps, batch_size = train_config.integer("num_steps"), train_config.integer("batch_size")
    if num_steps <= 0:
        raise job.fail(
            "train_config.num_steps is not set",
            train_config.entry("num_steps"),
            "set it, or give --num-steps",
        )
    if batch_size <= 0:
        raise job.fail(
            f"train_config.batch_size '{batch_size}' makes no batch", train_config.entry("batch_size")
        )
    return num_steps, batch_size


def quoted(text: str) -> str:
    """`text` as a string of the text format."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

"""What must hold for every text whatever; a property that does not hold raises."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from cfgtool.errors import UserError
from cfgtool.lint.engine import Report, Settings, analyse, root_of
from cfgtool.lint.findings import Finding
from cfgtool.lint.fixing import fix_text
from cfgtool.migrate import migrate
from cfgtool.schema import Config, Entry, read_config
from cfgtool.schema.formatting import format_text
from cfgtool.textproto import Document, Edit, apply_edits, parse
from tools.fuzzing import checkpoint_inputs, inputs
from tools.fuzzing.checkpoint_property import checkpoints

Values = Counter[tuple[str, str]]


def reading(text: str) -> None:
    """Parsing keeps every byte, linting never raises, and every span lies in the text."""
    document = parse(text)
    assert str(document) == text
    assert "".join(token.text for token in document.tokens()) == text
    for finding in analyse(document).findings:
        assert 0 <= finding.start <= finding.end <= len(text), finding
        assert finding.message.removesuffix("...")[-1:] not in ("", "."), finding
        for edit in finding.fix.edits if finding.fix else ():
            assert 0 <= edit.start <= edit.end <= len(text), finding


def single_fixes(text: str) -> None:
    """Every fix alone: it does not break the text, and changes only the fields that its edits touch."""
    document = parse(text)
    report = analyse(document)
    before = read_config(document, root_of(document))
    for finding in report.findings:
        if finding.fix is None or finding.fix.applicability == "display":
            continue
        edits = sorted(finding.fix.edits, key=lambda edit: (edit.start, edit.end))
        changed = parse(apply_edits(text, edits))
        if document.problems:
            continue  # mending one mistake may uncover the next: then only fixing as a whole can be judged
        assert not changed.problems, f"{finding} breaks the text"
        after = read_config(changed, root_of(document))
        # A block that a fix has read from now on, for its name was misspelled, shows mistakes of its own.
        opened = finding.code == "CFG031" and text[finding.end :].lstrip(" \t:").startswith(("{", "<"))
        if finding.fix.applicability == "safe" and not opened:  # so may a block that an unsafe one moves
            assert len(after.problems) <= len(before.problems), f"{finding} adds a mistake"
        _check_extent(finding, edits, before, after)


def _check_extent(finding: Finding, edits: list[Edit], before: Config, after: Config) -> None:
    """The values that a fix adds, removes or changes are those of fields in its edits."""
    old, new = values(before), values(after)
    differing = {path for path, _ in (old - new) + (new - old)}
    if not differing:
        return
    touched = _touched(before, [(edit.start, edit.end) for edit in edits])
    touched |= _touched(after, list(_moved(edits)))
    touched |= {finding.path.partition("[")[0]}
    for path in differing:
        assert any(_related(path, other) for other in touched), f"{finding} changes {path!r}"


def _related(path: str, other: str) -> bool:
    """One lies in the other, or both lie in one message: a member of a oneof counts once its rival is gone."""
    return (
        path == other
        or path.startswith(other + ".")
        or other.startswith(path + ".")
        or path.rpartition(".")[0] == other.rpartition(".")[0]
    )


def _moved(edits: list[Edit]) -> Iterator[tuple[int, int]]:
    """Where the texts of the edits are once they are made."""
    shift = 0
    for edit in edits:
        start = edit.start + shift
        yield start, start + len(edit.text)
        shift += len(edit.text) - (edit.end - edit.start)


def _touched(config: Config, spans: list[tuple[int, int]]) -> set[str]:
    found = set()
    for _, entry in config.walk():
        field = entry.field
        if any(start <= field.end and field.start <= end for start, end in spans):
            found.add(_plain(entry.path))
    return found


def _plain(path: str) -> str:
    """A path without its indices: deleting one element shifts those of the others."""
    return "".join(part.partition("]")[2] if "]" in part else part for part in path.split("["))


def values(config: Config) -> Values:
    """Every effective scalar, and every message that is present, with its path."""
    found: Values = Counter()
    pending = [config]
    while pending:
        message = pending.pop()
        for name, type_ in message.type.fields.items():
            if not message.has(name):
                continue
            kept: list[Entry | None] = [message.entry(name)] if type_.single else [*message.entries(name)]
            for entry in kept:
                if entry is None:
                    continue
                if isinstance(entry.value, Config):
                    found[_plain(entry.value.path), "{}"] += 1
                    pending.append(entry.value)
                else:
                    found[_plain(entry.path), repr(entry.value)] += 1
    return found


def fixing(text: str) -> None:
    """All fixes together: no new problem or error, stable when repeated; safe fixes keep every comment."""
    before = analyse(parse(text))
    for unsafe in (False, True):
        outcome = fix_text(text, None, Settings(), unsafe)
        assert len(outcome.report.document.problems) <= len(before.document.problems)
        assert _errors(outcome.report) <= _errors(before)
        again = fix_text(outcome.text, None, Settings(before.generation), unsafe)
        assert again.text == outcome.text, "fixing is not stable"
        if not unsafe and not before.document.problems:
            assert comments(outcome.report.document) >= comments(before.document), "a comment is lost"


def _errors(report: Report) -> int:
    return sum(finding.severity == "error" for finding in report.findings)


def comments(document: Document) -> Counter[str]:
    """The comments of a text, but for those that silence rules: one that silences nothing is removed."""
    texts = (comment.text.rstrip() for comment in document.comments)
    return Counter(text for text in texts if not re.match(r"#\s*cfgtool:\s*ignore", text))


def migrating(text: str) -> None:
    """A migration is refused with a message, or gives a text as whole as before, stable, with every comment."""
    for target in ("same", "tf2"):
        done = _migrated(text, target)
        if done is None:
            continue
        assert len(parse(done).problems) <= len(parse(text).problems)
        if target == "same":
            assert _migrated(done, target) == done, "migrating is not stable"


def _migrated(text: str, target: str) -> str | None:
    """The migrated text, None if it is refused for mistakes that it has; a refusal of the result is a fault."""
    try:
        return migrate(text, target=target, unsafe=True).after
    except UserError as error:
        if "the result would" in error.message:
            raise
        return None


def formatting(text: str) -> None:
    """A text with syntax mistakes is refused; any other keeps its values and comments, and is stable once formatted."""
    before = parse(text)
    try:
        formatted = format_text(text)
    except UserError:
        assert before.problems, "a sound text is refused"
        return
    after = parse(formatted)
    assert [problem.code for problem in after.problems] == [problem.code for problem in before.problems]
    assert values(read_config(after, root_of(before))) == values(read_config(before, root_of(before)))
    assert comments(after) == comments(before), "a comment is lost"
    assert format_text(formatted) == formatted, "formatting is not stable"


TEXT_PROPERTIES: dict[str, Callable[[str], None]] = {
    "reading": reading,
    "single-fixes": single_fixes,
    "fixing": fixing,
    "migrating": migrating,
    "formatting": formatting,
}
"""Name -> property of texts, the cheap ones first."""

PROPERTIES: dict[str, tuple[Callable[[int], Any], Callable[[Any], None]]] = {
    **{name: (inputs.make, check) for name, check in TEXT_PROPERTIES.items()},
    "checkpoints": (checkpoint_inputs.make, checkpoints),
}
"""Name -> (what makes the input of a number, property)."""

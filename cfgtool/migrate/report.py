"""What a migration did, for people and for programs. Nothing here prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.migrate.model import ASK, TF2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.migrate.model import Effect, Entry, Migration

_WIDEST_VALUE = 60


def as_dict(name: str, migration: Migration) -> dict[str, object]:
    """The report on one file: plain values for JSON, one row per field that was or could be changed.

    `changes` were carried out, in this order; `left` are those that need `--unsafe-fixes` (safety "unsafe")
    or a person ("ask"). Lines are those of the file as it was; `old` and `new` are values as written, null
    where the field is not there.
    """
    return {
        "file": name,
        "source": migration.plan.source,
        "target": migration.plan.trainer,
        "changed": migration.changed,
        "changes": [row for entry in migration.done for row in _rows(entry)],
        "left": [row for entry in migration.left for row in _rows(entry)],
    }


def _rows(entry: Entry) -> Iterator[dict[str, object]]:
    for effect, line in zip(entry.effects, entry.lines, strict=True):
        yield {
            "step": entry.step.number,
            "id": entry.step.id,
            "title": entry.step.title,
            "reason": entry.step.reason,
            "safety": entry.step.safety,
            "path": effect.path,
            "line": line,
            "old": effect.old,
            "new": effect.new,
            "exact": entry.change.exact,
            "message": entry.change.message,
        }


def summary(name: str, migration: Migration, *, written: bool) -> str:
    """The report on one file as lines of text, in the order of the file; `written` tells the tense."""
    lines: list[str] = []
    for entry in sorted(migration.done, key=_place):
        # Only agreed to by asking for TF2, and it makes another model of it: nobody may miss that.
        turned = entry.step.turning and migration.plan.target == TF2
        lines += _entry_lines(name, entry, "by --to tf2: " if turned else "")
    for entry in sorted(migration.left, key=_place):
        lines += _entry_lines(name, entry, "left for you: ")
    count = len(migration.done)
    last = f"{count} change{'s' * (count != 1)}" if count else "nothing to change"
    if count and not written:
        last += " to make"
    inexact = sum(not entry.change.exact for entry in migration.done)
    if inexact:
        last += f", {inexact} of them not exact"
    if migration.left:
        last += f", {len(migration.left)} left for you"
        if any(entry.change.edits for entry in migration.left):
            last += " (--unsafe-fixes does what it can)"
    return "".join(f"{line}\n" for line in [*lines, f"{name}: {last}"])


def _place(entry: Entry) -> tuple[int, int]:
    return entry.lines[0], entry.step.number


def _entry_lines(name: str, entry: Entry, prefix: str) -> Iterator[str]:
    """One line with place, table row and reason, then one per field: `-` goes, `+` comes."""
    # A step that only asks has not changed anything, exactly or not.
    exact = "" if entry.change.exact or entry.step.safety == ASK else " (not exact)"
    yield f"{name}:{entry.lines[0]}: {entry.step.id}: {prefix}{entry.change.message}{exact}"
    for effect in entry.effects:
        yield from _effect_lines(effect)


def _effect_lines(effect: Effect) -> Iterator[str]:
    if effect.old == effect.new:
        yield f"    {effect.path}" + (f": {_short(effect.old)}" if effect.old is not None else "")
        return
    if effect.old is not None:
        yield f"  - {effect.path}: {_short(effect.old)}"
    if effect.new is not None:
        yield f"  + {effect.path}: {_short(effect.new)}"


def _short(value: str) -> str:
    """A value on one line of bearable length."""
    line = " ".join(value.split())
    return line if len(line) <= _WIDEST_VALUE else line[: _WIDEST_VALUE - 4] + " ..."

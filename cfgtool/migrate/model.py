"""The words of a migration: steps, the changes that they propose, and what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cfgtool.migrate.draft import Draft
    from cfgtool.textproto import Edit

SAFE = "safe"
UNSAFE = "unsafe"
ASK = "ask"
SAFETIES = (SAFE, UNSAFE, ASK)
"""`safe` is applied always, `unsafe` only when asked for, `ask` never: a person has to write the new text."""

TF1 = "tf1"
TF2 = "tf2"
BOTH = (TF1, TF2)
TF2_ONLY = (TF2,)

SAME = "same"
TARGETS = (SAME, TF2)


class Plan:
    """Where a config comes from and where it goes.

    `source` is its generation as found, `target` what was asked for ("same" or "tf2"), `trainer` the
    generation of the trainer that is to read the result. `written` is the day from which the user says that
    the config is (ISO), None if that was not said; `before` is a day before which it was written for sure,
    None if nothing in it shows its age.
    """

    __slots__ = ("before", "source", "target", "trainer", "written")

    def __init__(self, source: str, target: str, written: str | None = None) -> None:
        self.source = source
        self.target = target
        self.trainer = source if target == SAME else TF2
        self.written = written
        self.before: str | None = None


class Effect:
    """What a change does to one field: `old` and `new` are its values as written, None where it is not there.

    `start` is a character offset into the text that the step was given: the field, or where it is put.
    """

    __slots__ = ("new", "old", "path", "start")

    def __init__(self, path: str, start: int, old: str | None, new: str | None) -> None:
        self.path = path
        self.start = start
        self.old = old
        self.new = new


class Change:
    """One act of a step: its edits, and what they do to which fields.

    `exact` tells whether the trainer of the target generation does the same with the config before and after.
    A change without edits only tells the user something.
    """

    __slots__ = ("edits", "effects", "exact", "message")

    def __init__(
        self, message: str, effects: tuple[Effect, ...], edits: tuple[Edit, ...] = (), exact: bool = True
    ) -> None:
        self.message = message
        self.effects = effects
        self.edits = edits
        self.exact = exact


class Step:
    """One numbered rewriting step: a value and a pure function.

    `id` names the row of the migration tables in the documentation ("A4"); rows that are safe in one case and
    not in another are two steps with one id. `trainers` are the generations of the target that the step is
    for. `turning` marks an unsafe step that turning a config from TF1 to TF2 consists of: whoever asks for
    TF2 has agreed to it.
    """

    __slots__ = ("id", "number", "reason", "run", "safety", "title", "trainers", "turning")

    def __init__(
        self,
        number: int,
        id: str,  # noqa: A002 - the word of the tables
        title: str,
        reason: str,
        run: Callable[[Draft], Iterable[Change]],
        safety: str = SAFE,
        trainers: tuple[str, ...] = TF2_ONLY,
        turning: bool = False,
    ) -> None:
        self.number = number
        self.id = id
        self.title = title
        self.reason = reason
        self.run = run
        self.safety = safety
        self.trainers = trainers
        self.turning = turning

    def agreed(self, plan: Plan, unsafe: bool) -> bool:
        """Whether the step is carried out; `unsafe` tells whether all unsafe ones are."""
        if self.safety == UNSAFE:
            return unsafe or (self.turning and plan.target == TF2)
        return self.safety == SAFE

    def __repr__(self) -> str:
        return f"Step({self.number}, {self.id!r}, {self.title!r})"


class Entry:
    """A change in the report, with its step, and its effects as seen from the text that the user gave.

    `lines` are the effects' lines (1-based) there. Indices in the paths of `effects` are those of that text,
    or, for a field that is new, those of the text that it was put into.
    """

    __slots__ = ("change", "effects", "lines", "step")

    def __init__(
        self, step: Step, change: Change, effects: tuple[Effect, ...], lines: tuple[int, ...]
    ) -> None:
        self.step = step
        self.change = change
        self.effects = effects
        self.lines = lines


class Migration:
    """What `migrate` did: the text before and after, the changes that were made, in the order of the
    steps, and those left to the user."""

    __slots__ = ("after", "before", "done", "left", "plan")

    def __init__(
        self, before: str, after: str, plan: Plan, done: tuple[Entry, ...], left: tuple[Entry, ...]
    ) -> None:
        self.before = before
        self.after = after
        self.plan = plan
        self.done = done
        self.left = left

    @property
    def changed(self) -> bool:
        """Whether the text is another one now."""
        return self.before != self.after

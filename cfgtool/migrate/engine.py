"""Carrying out the steps, one after another, each on the text that the one before left."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cfgtool.errors import UserError
from cfgtool.lint.generation import detect_generation
from cfgtool.migrate.age import day_written, written_before
from cfgtool.migrate.draft import Draft
from cfgtool.migrate.model import SAFE, SAME, Change, Effect, Entry, Migration, Plan, Step
from cfgtool.migrate.origins import Origins
from cfgtool.migrate.steps import STEPS
from cfgtool.schema import read_config
from cfgtool.schema.soundness import sound_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cfgtool.schema import Config
    from cfgtool.textproto import Edit

# A round can be as small as one change; a step that needs more of them than this undoes its own work.
_MOST_ROUNDS = 1000


def migrate(
    text: str,
    *,
    target: str = SAME,
    unsafe: bool = False,
    written: str | None = None,
    steps: Sequence[Step] = STEPS,
) -> Migration:
    """Rewrite the deprecated and dead spellings of a config for a trainer.

    `target` is "same" (the generation that the config was written for) or "tf2". `unsafe` also carries out
    the steps that may change what the config means. `written` is a month or a day ("2018-03"): defaults
    that have changed since are written out. A second migration of the result changes nothing.

    Raises UserError if the text has syntax mistakes, if `written` is no date, or if the result would have
    mistakes that the text has not.
    """
    document = sound_document(
        text, "a text with syntax mistakes is not rewritten; `cfgtool lint` shows all of them"
    )
    config = read_config(document)
    plan = Plan(detect_generation(config)[0], target, day_written(written))
    first = Draft(document, config, plan)
    plan.before = written_before(first)
    run = _Run(first)
    try:
        for step in steps:
            if plan.trainer in step.trainers and step.agreed(plan, unsafe):
                run.carry_out(step)
    except (AssertionError, ValueError):
        # Steps take values of the right shape for granted; with any other the text was no config before either.
        _refuse_misshapen(config)
        raise
    # What is left is asked of the final text: a step that was carried out has no edits to propose any more.
    left = [
        run.entry(step, change)
        for step in steps
        if plan.trainer in step.trainers and step.safety != SAFE
        for change in step.run(run.draft)
    ]
    _refuse_damage(first, run.draft)
    return Migration(text, run.draft.document.text, plan, tuple(run.done), tuple(left))


class _Run:
    """A migration under way."""

    def __init__(self, first: Draft) -> None:
        self.first = first
        self.draft = first
        self.origins = Origins()
        self.done: list[Entry] = []
        self.paths: dict[tuple[int, str], str] | None = None

    def carry_out(self, step: Step) -> None:
        """Apply the step until it proposes nothing more; a round takes all changes that do not touch each
        other.
        """
        for _ in range(_MOST_ROUNDS):
            edits: list[Edit] = []
            for change in step.run(self.draft):
                # Edits were made from the tree as it is; where two meet, the second must see the first done.
                if change.edits and not _touching(edits, change.edits):
                    edits += change.edits
                    self.done.append(self.entry(step, change))
            if not edits:
                return
            self.origins.apply(edits)
            self.draft = self.draft.edited(edits)
        raise AssertionError(f"{step!r} does not come to an end")

    def entry(self, step: Step, change: Change) -> Entry:
        """The report's entry of a change of the current draft."""
        if self.paths is None:
            self.paths = {(place.start, place.name): place.path for place in self.first.places}
        effects = []
        for effect in change.effects:
            start = self.origins.original(effect.start)
            name = effect.path.rpartition(".")[2].partition("[")[0]
            # Earlier deletions have shifted the indices; the user knows those of the file.
            path = effect.path if effect.old is None else self.paths.get((start, name), effect.path)
            effects.append(Effect(path, start, effect.old, effect.new))
        lines = (self.first.document.position(effect.start)[0] for effect in effects)
        return Entry(step, change, tuple(effects), tuple(lines))


def _touching(edits: Iterable[Edit], others: Iterable[Edit]) -> bool:
    """Whether an edit of one side overlaps or borders on one of the other side."""
    return any(edit.start <= other.end and other.start <= edit.end for edit in edits for other in others)


def _refuse_misshapen(config: Config) -> None:
    """Raise UserError at the first value that is not of its field's type; what it means no step can know."""
    for problem in config.problems:
        if problem.code == "wrong-type":
            line, column = config.document.position(problem.start)
            hint = "mend this value first; `cfgtool lint` shows all of them"
            raise UserError(problem.message, line=line, column=column, hint=hint)


def _refuse_damage(before: Draft, after: Draft) -> None:
    """Raise UserError where the result has a mistake that the text had not, which is a fault of a step."""
    known = {problem.code for problem in before.document.problems}
    for problem in after.document.problems:
        if problem.code not in known:
            raise UserError(
                f"the result would not parse: {problem.message}", hint="nothing is written; please report it"
            )
    # By kind alone, as messages name lines, which move. One mistake may have hidden one of another kind: what was
    # unknown has a bad value, what was no number is given twice.
    new = Counter(problem.code for problem in after.config.problems)
    new.subtract(problem.code for problem in before.config.problems)
    if new.total() > 0:
        mistake = next(problem for problem in after.config.problems if new[problem.code] > 0)
        raise UserError(
            f"the result would be wrong: {mistake.message}", hint="nothing is written; please report it"
        )

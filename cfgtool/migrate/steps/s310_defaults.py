"""What an old config left to a default that is another one now, or to a label: rows H1 to H4.

A config has no date. Where its owner gives one, the defaults of that day are written out; where it uses a field
that is gone, it is older than that, and the changes since are told. What only sets the size of a queue, or
how many files are read at once, is left alone: it changes speed.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from cfgtool.migrate.model import ASK, BOTH, TF1, Change, Effect, Step
from cfgtool.migrate.rewriting import added, blocks_of, change, note, removed
from cfgtool.schema import Config, history, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.migrate.draft import Draft, Place

_FOR_SPEED = (
    "InputReader.num_prefetch_batches",
    "InputReader.num_readers",
    "TrainConfig.batch_queue_capacity",
    "TrainConfig.prefetch_queue_capacity",
)
_TF1_ALONE = ("TrainConfig.keep_checkpoint_every_n_hours",)
_MOVED = "TrainConfig.max_number_of_boxes"
"""Its default of 50 is the one that the reader's field of this name would have to have."""

_TODAY = {"pascal_voc_metrics": '"pascal_voc_detection_metrics"'}
"""A default that goes by another name now."""


def _defaults(draft: Draft) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Every field whose default has changed and which the trainer reads: (date, from, to), oldest first."""
    for name, rows in history.changed("default").items():
        if name in _FOR_SPEED or name == _MOVED or (name in _TF1_ALONE and draft.plan.trainer != TF1):
            continue
        yield name, rows


def _unset(draft: Draft, name: str) -> Iterator[Config]:
    """The messages of the text that could have the field and do not."""
    owner, _, field = name.rpartition(".")
    found = {id(entry.value): entry.value for _, entry in draft.config.walk()}
    for value in found.values():
        if value.__class__ is Config and value.type.name == owner and not value.has(field):
            yield value


def _default_then(name: str, rows: list[tuple[str, str, str]], day: str) -> tuple[str, str] | None:
    """The default on a day and the date since when it is another; None if there was no such field, or no
    change since.
    """
    owner, _, field = name.rpartition(".")
    later = [(old, since) for since, old, _ in rows if since > day]
    if not later or day < (history.since(owner, field) or ""):
        return None
    # A default that came back is today's again.
    return None if later[0][0] == rows[-1][2] else later[0]


def _write_out(draft: Draft) -> Iterator[Change]:
    if draft.plan.written is None:
        return
    for name, rows in _defaults(draft):
        then = _default_then(name, rows, draft.plan.written)
        if then is None:
            continue
        old, until = then
        for config in _unset(draft, name):
            message = f"until {until} the default was {old}, now it is {rows[-1][2] or 'none'}"
            yield _written(draft, config, name, old, message)
    yield from _old_box_limit(draft, draft.plan.written)


def _written(draft: Draft, config: Config, name: str, value: str, message: str) -> Change:
    field = load().messages[config.type.name].fields[name.rpartition(".")[2]]
    assert config.block is not None
    path = f"{config.path}.{field.name}" + ("" if field.single else "[0]")
    return change(message, added(draft, config.block, path, _TODAY.get(value, value)))


def _old_box_limit(draft: Draft, day: str) -> Iterator[Change]:
    """The default of `max_number_of_boxes` while it stood in `train_config`."""
    then = _default_then(_MOVED, history.changed("default")[_MOVED], day)
    readers = blocks_of(draft, "train_input_reader")
    path = "train_input_reader.max_number_of_boxes"
    if then is None or not readers or not blocks_of(draft, "train_config") or draft.find(path):
        return
    message = f"until {then[1]} the default was {then[0]}, in train_config; now it is 100, in the reader"
    yield change(message, added(draft, readers[-1], path, then[0]))


def _remark(draft: Draft) -> Iterator[Change]:
    before = draft.plan.before
    if before is None or draft.plan.written is not None:
        return
    day = (date.fromisoformat(before) - timedelta(1)).isoformat()
    for name, rows in _defaults(draft):
        if name in _TF1_ALONE:
            continue  # forty days or four hundred: no run is that long
        # Of changes before that day nobody knows on which side the config is.
        then = _default_then(name, rows, day)
        for config in _unset(draft, name) if then else ():
            assert then is not None
            assert config.block is not None
            message = (
                f"the config is from before {before}, when the default was {then[0]}; since {then[1]} it is"
                f" {rows[-1][2] or 'none'}: --written YYYY-MM writes out the defaults of a month"
            )
            path = f"{config.path}.{name.rpartition('.')[2]}"
            yield Change(message, (Effect(path, config.block.start, None, None),))


def _surplus(draft: Draft, *, messages: bool) -> Iterator[tuple[Place, str]]:
    """All but the last of several values of a field that was singular when the config was written."""
    written = draft.plan.written
    for name, rows in history.changed("label").items() if written else ():
        until = rows[0][0]
        owner, _, field = name.rpartition(".")
        kind = load().messages[owner].fields[field].kind
        if written is None or written >= until or (kind == "message") is not messages:
            continue
        values: dict[str, list[Place]] = {}
        for place in draft.named(owner, field):
            values.setdefault(place.path.rpartition("[")[0], []).append(place)
        for places in values.values():
            for place in places[:-1]:
                yield place, until


def _last_wins(draft: Draft) -> Iterator[Change]:
    for place, until in _surplus(draft, messages=False):
        yield change(
            f"until {until} there was one {place.name}, and the last one written won", removed(draft, place)
        )


def _merged(draft: Draft) -> Iterator[Change]:
    for place, until in _surplus(draft, messages=True):
        message = f"until {until} several {place.name} were merged into one, now each is one of its own"
        yield note(draft, place, f"{message}; write what you mean as one")


STEPS = [
    Step(
        310, "H1", "defaults of the day of --written", "other defaults hold today", _write_out, trainers=BOTH
    ),
    Step(
        311, "H2", "defaults of a config that shows its age", "other defaults hold today", _remark, ASK, BOTH
    ),
    Step(
        312,
        "H3",
        "several values of a field that took one",
        "the last one counted",
        _last_wins,
        trainers=BOTH,
    ),
    Step(313, "H4", "several messages of a field that took one", "they were merged", _merged, ASK, BOTH),
]

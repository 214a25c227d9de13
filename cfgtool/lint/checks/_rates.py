"""What the rules about too high learning rates share: the highest rate, how bad it is, and lower ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Fix
    from cfgtool.schema import Config, Entry
    from cfgtool.textproto import Edit


def highest_rate(schedule: Config, field: str) -> tuple[float, str, Entry | Config]:
    """(rate, its field, its place) of the highest rate in `schedule`, whose base rate is in `field`.

    A manual schedule may rise after a low start.
    """
    highest = schedule.number(field)
    found: tuple[float, str, Entry | Config] = highest, field, schedule.entry(field) or schedule
    for part in _parts(schedule):
        rate = part.number("learning_rate")
        if rate > found[0]:
            found = rate, "learning_rate", part.entry("learning_rate") or part
    return found


def severity_of(times: float, train: Config) -> str | None:
    """How bad a rate of so many times the usual one is: None up to 4 times, an error above 10 times.

    Clipped gradients survive more: `gradient_clipping_by_norm` takes one degree off.
    """
    times = round(times, 4)  # rates are float32
    if times <= 4:
        return None
    clipped = train.number("gradient_clipping_by_norm") > 0
    if times > 10:
        return "warning" if clipped else "error"
    return "info" if clipped else "warning"


def lower_rates(context: Context, schedule: Config, field: str, rate: float) -> Fix | None:
    """The fix that makes `rate` the highest rate of `schedule`, and lowers its other rates alike.

    A warm-up rate is lowered to a third of it, if it is higher than that. None for a rate without bounds.
    """
    factor = rate / highest_rate(schedule, field)[0]
    if factor == 0:
        return None
    base = f"{schedule.number(field) * factor:.4g}"
    entry = schedule.entry(field)
    edits: list[Edit | None] = [
        context.replace(entry, base) if entry else context.insert(schedule, f"{field}: {base}")
    ]
    edits += [context.replace(other, f"{other.value * factor:.4g}") for other in _other_rates(schedule)]
    warmup = schedule.entry("warmup_learning_rate") if field == "learning_rate_base" else None
    if warmup is not None and warmup.value is not None and warmup.value > rate:
        edits.append(context.replace(warmup, f"{rate / 3:.4g}"))
    title = f"write {rate:.4g}" if len(edits) == 1 else f"lower all rates to {rate:.4g} and below"
    return context.fix(title, "unsafe", edits)


def _other_rates(schedule: Config) -> Iterator[Entry]:
    """The rates beside the base rate that are to keep their ratio to it, as far as they are written."""
    messages, names = list(_parts(schedule)), ["learning_rate"]
    if schedule.type.name == "ExponentialDecayLearningRate":
        messages, names = [schedule], ["burnin_learning_rate", "min_learning_rate"]
    for message in messages:
        for name in names:
            entry = message.entry(name)
            if entry is not None and entry.value:
                yield entry


def _parts(schedule: Config) -> Iterator[Config]:
    """The entries of a manual schedule."""
    if schedule.type.name == "ManualStepLearningRate":
        yield from (part for part in schedule.messages("schedule") if part is not None)

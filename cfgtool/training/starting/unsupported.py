"""What a config asks for and training cannot do: all of it, before anything is built."""

from __future__ import annotations

from collections.abc import Iterator

from cfgtool.errors import UserError
from cfgtool.training.detectors.support import unsupported
from cfgtool.training.evaluation.metrics import metric_problems
from cfgtool.training.input.pipeline import input_problems
from cfgtool.training.run.job import Job
from cfgtool.training.run.options import TrainOptions


def refuse_unsupported(job: Job, options: TrainOptions) -> None:
    """Raise UserError that lists every setting that cannot be honoured; metrics count where the run evaluates."""
    problems = list(dict.fromkeys(_problems(job, options)))
    if not problems:
        return
    lines = [f"line {line}: {message}" if line else message for line, message in problems]
    if len(lines) == 1:
        line, message = problems[0]
        raise UserError(message, path=job.path, line=line)
    listed = "".join(f"\n  {line}" for line in lines)
    raise UserError(f"{len(lines)} settings of the config cannot be trained with:{listed}", path=job.path)


def _problems(job: Job, options: TrainOptions) -> Iterator[tuple[int | None, str]]:
    """(line, message with the path of the field)."""
    places = {entry.path: entry.start for _, entry in job.config.walk()}

    def line(path: str) -> int | None:
        start = places.get(path)
        return None if start is None else job.config.document.position(start)[0]

    found = list(input_problems(job.config))
    # In TF2 the OD API does not carry it out either; a TF1 run without it would be another one.
    if job.generation == "tf1" and job.config.has("graph_rewriter"):
        message = "quantisation-aware training is not carried out; `cfgtool set CONFIG --unset graph_rewriter` drops it"
        found.append(("graph_rewriter", message))
    if options.eval_every:
        found += metric_problems(job.config.message("eval_config"))
    for path, message in found:
        yield line(path), f"{path}: {message}"
    for message in unsupported(job.config):
        quoted = message.split("'")
        yield line(quoted[1]) if len(quoted) > 2 else None, message

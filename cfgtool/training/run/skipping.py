"""`--skip-bad-records`: the config of a run with record files that hold only what can be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import tensorflow as tf

from cfgtool.data.expected import num_classes
from cfgtool.data.paths import expand_paths
from cfgtool.errors import UserError
from cfgtool.schema import Config, read_config
from cfgtool.textproto import Edit, apply_edits, parse
from cfgtool.training.input.bad_records import CleanFiles, Judge
from cfgtool.training.input.decode import Decoder
from cfgtool.training.input.fields import fields_of
from cfgtool.training.input.finish import Finish
from cfgtool.training.input.pipeline import label_map_of
from cfgtool.training.input.read_errors import READ_ERRORS, without_assertion
from cfgtool.training.run.job import Job, quoted

FOLDER = "records_read"
"""Below the model dir: links to whole record files and copies of damaged ones."""
_SHOWN = 3


def without_bad_records(job: Job, model_dir: Path, *, evaluate: bool) -> tuple[Job, list[str]]:
    """The job on files without bad records, and what to tell of those.

    Every record of the training reader, and with `evaluate` of the first evaluation reader, is read and decoded once.
    The text of the job, which is kept with the run, stays. Raises UserError for files that are no TFRecord files or
    not there, for remote ones, and where nothing is left.
    """
    readers = [(job.config.message("train_input_reader"), False)]
    if evaluate:
        readers += [(reader, True) for reader in job.config.messages("eval_input_reader")[:1]]
    edits, notes = [], []
    for reader, evaluation in readers:
        clean = CleanFiles(
            model_dir / FOLDER / ("eval" if evaluation else "train"), _judge(job, reader, evaluation)
        )
        edits += list(_edits(reader, clean))
        clean.note()
        notes += list(_told(clean))
    document = parse(apply_edits(job.text, edits))
    return replace(job, config=read_config(document)), notes


def _edits(reader: Config, clean: CleanFiles) -> Iterator[Edit]:
    records = reader.message("tf_record_input_reader")
    for number, entry in enumerate(records.entries("input_path")):
        pattern = str(entry.value)
        if "://" in pattern:
            raise UserError(
                f"--skip-bad-records looks into local files only, not into '{pattern}'",
                hint="copy them, or run `cfgtool data check` where they are",
            )
        if entry.node is not None:
            found = clean.clean(str(number), expand_paths([pattern]))
            yield Edit(entry.node.start, entry.node.end, quoted(found))


def _told(clean: CleanFiles) -> Iterator[str]:
    bad = clean.bad
    count = sum(len(rows) for rows in bad.values())
    if not count:
        return
    first = [
        f"{path}: record {row.record}, byte {row.offset}: {row.reason}"
        for path, rows in bad.items()
        for row in rows
    ][:_SHOWN]
    yield f"{count} of {clean.records + count} records are left out: " + "; ".join(first)


def _judge(job: Job, reader: Config, evaluation: bool) -> Judge:
    """Decodes as the run will. Raises UserError for records of sequences."""
    if reader.enum("input_type") == "TF_SEQUENCE_EXAMPLE":
        raise UserError(
            f"--skip-bad-records looks into tf.Examples only, not into what {reader.path}.input_type says",
            hint="`cfgtool data check` on the config lists damaged records",
        )
    fields = fields_of(reader, num_classes(job.config) or 0, evaluation=evaluation)
    decode = Decoder(label_map_of(reader), fields)
    finish = Finish(job.config, reader, fields)

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
    def probe(record: tf.Tensor) -> tf.Tensor:
        # All outputs hang together, so that nothing that may fail is left out of the graph.
        outputs = finish(decode(record))
        with tf.control_dependencies([value.op for value in outputs.values()]):
            return tf.constant(0)

    def judge(data: bytes) -> str | None:
        try:
            probe(data)
        except READ_ERRORS as error:
            return without_assertion(error)
        return None

    return judge

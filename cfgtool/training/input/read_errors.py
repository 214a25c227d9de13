"""What goes wrong while records are read, in words and at its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

import tensorflow as tf

from cfgtool.data.expected import Expected, loaded_of
from cfgtool.data.tfrecord import frames
from cfgtool.errors import UserError
from cfgtool.schema import Config
from cfgtool.training.input.finish import Batch
from cfgtool.training.input.readers import input_files

READ_ERRORS = (tf.errors.OpError, UnicodeDecodeError)
"""How reading fails. TensorFlow quotes a record that is no tf.Example, and stumbles over bytes that are no text."""
_ASSERTED = re.compile(r"assertion failed: \[([^\]]*)\]")
_RAISED = re.compile(r"\b(?:UserError|RecordError): (.+)")


def checked(dataset: tf.data.Dataset, reader: Config) -> Iterator[Batch]:
    """The batches of a dataset; what goes wrong in reading becomes a UserError that names file and record."""
    iterator = iter(dataset)
    while True:
        try:
            batch = next(iterator)
        except StopIteration:
            return
        except READ_ERRORS as error:
            raise explain(error, reader) from None
        yield batch


def explain(error: Exception, reader: Config) -> UserError:
    """The mistake in the reader's files that TensorFlow stumbled over, found by checking them one by one."""
    from cfgtool.data.check import check_records

    message = without_assertion(error)
    try:
        # Only local files can be looked into without TensorFlow.
        paths = [path for path in input_files(reader) if "://" not in path]
        if isinstance(error, tf.errors.DataLossError):
            for path in paths:
                for record in frames(path):
                    record.verified()
        expected = Expected(loaded=loaded_of(reader))
        flaws = [flaw for flaw in check_records(paths, expected) if flaw.severity == "error"]
    except UserError as found:
        return found
    if flaws:
        first = flaws[0]
        place = f" (record {first.record}, byte {first.offset})" if first.record is not None else ""
        hint = "run `cfgtool data check` on the config for all of them"
        return UserError(f"{first.message}{place}", path=first.path, hint=hint)
    return UserError(f"reading the data failed: {message}")


def without_assertion(error: Exception) -> str:
    """What TensorFlow says of a record, or the text of the check or the reader of ours that failed."""
    if isinstance(error, UnicodeDecodeError):
        return "is no tf.Example"
    message = str(getattr(error, "message", error)).splitlines()[0]
    ours = _ASSERTED.search(message) or _RAISED.search(message)
    return ours[1] if ours else message

"""TensorFlow without its reports of progress."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from cfgtool.errors import UserError


@contextmanager
def silence() -> Iterator[None]:
    """TensorFlow reports every step of saving and converting, some of it from native code; shown if it fails.

    Not for code that other threads print beside: it is the descriptor of standard error that is taken away.
    """
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        except UserError:
            raise
        except BaseException:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            logger.setLevel(level)

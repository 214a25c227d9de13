"""What a command needs beyond the standard installation."""

from __future__ import annotations

import os
import sys

from cfgtool.errors import UserError


def need_tensorflow(*, pycocotools: bool = False) -> None:
    """Import TensorFlow without its greetings.

    Raises UserError if a package that training needs is not installed; `pycocotools` counts where COCO's metrics are
    asked for.
    """
    import importlib.util

    from cfgtool.training.quiet import silence

    names = ("tensorflow", "numpy", "PIL", *(["pycocotools"] if pycocotools else []))
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(
            f"training needs {', '.join(missing)}, which is not installed",
            hint="pip install 'cfgtool[train]'",
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    # It greets on the file descriptor, before any log level counts.
    with silence():
        import tensorflow as tf

        tf.config.list_physical_devices()

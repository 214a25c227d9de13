"""TensorFlow, asked in a process of its own: one that crashes, hangs or does not import is told of like any other."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import cfgtool

if TYPE_CHECKING:
    from collections.abc import Sequence

TIME_LIMIT = 90.0
"""Seconds; a cold import from a slow disk takes half of that."""

# Runs by itself, without cfgtool: what is asked must not depend on what is looked at. The answer is the last line.
_ASK = r"""
import json, os, sys
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf
answer = {"version": tf.__version__, "file": tf.__file__}
build = dict(tf.sysconfig.get_build_info())
answer["cuda_build"] = bool(build.get("is_cuda_build"))
answer["cuda"] = build.get("cuda_version")
answer["cudnn"] = build.get("cudnn_version")
gpus = []
for device in tf.config.list_physical_devices("GPU"):
    details = tf.config.experimental.get_device_details(device)
    gpus.append({"name": details.get("device_name", device.name),
                 "capability": ".".join(map(str, details.get("compute_capability", ())))})
answer["gpus"] = gpus
answer["sum"] = float(tf.reduce_sum(tf.linalg.matmul(tf.ones([8, 8]), tf.ones([8, 8]))))
import ctypes
loaded = {}
cuda, cudnn = (str(build.get(key) or "").split(".")[0] for key in ("cuda_version", "cudnn_version"))
for name, major in (("cudart", cuda), ("cudnn", cudnn)):
    if answer["cuda_build"] and major:
        try:
            ctypes.CDLL("lib%s.so.%s" % (name, major))
            loaded[name] = True
        except OSError:
            loaded[name] = False
answer["loaded"] = loaded
print()
print(json.dumps(answer))
"""


class Answer(NamedTuple):
    """What TensorFlow said of itself, None if it did not get that far; then `failure` says why, in a line."""

    told: dict[str, Any] | None
    failure: str | None = None


def ask(time_limit: float = TIME_LIMIT) -> Answer:
    """Import TensorFlow in a new process and have it tell version, build and devices."""
    return run(_ASK, (), time_limit)


def run(code: str, words: Sequence[str], time_limit: float) -> Answer:
    """Run `code` with `words` as its arguments in a new process; its last line of output is the answer, a JSON object."""
    # -P: what lies in the current folder is no module. Ourselves must be found wherever we were started from.
    own = os.path.dirname(os.path.dirname(os.path.abspath(cfgtool.__file__)))
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), own)))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", code, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=time_limit,
            check=False,
            env={**os.environ, "PYTHONPATH": path},
        )
    except subprocess.TimeoutExpired:
        return Answer(None, f"did not answer within {time_limit:.0f} seconds")
    except OSError as error:
        return Answer(None, f"could not be started: {error.strerror or error}")
    if done.returncode:
        return Answer(None, _why(done.returncode, done.stderr))
    with contextlib.suppress(ValueError, IndexError):
        told = json.loads(done.stdout.splitlines()[-1])
        if isinstance(told, dict):
            return Answer(told)
    return Answer(None, "was imported and gave no answer")


def _why(status: int, said: str) -> str:
    """In a line, why the process ended with `status`."""
    if status < 0:
        name = signal.Signals(-status).name if -status in signal.valid_signals() else f"signal {-status}"
        cause = {
            "SIGILL": ": this processor lacks instructions that this build needs (AVX)",
            "SIGKILL": ": the system ended it, mostly for want of memory",
        }.get(name, "")
        return f"crashed with {name}{cause}"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.split(":")[0].endswith(("Error", "Exception"))]
    last = (errors or lines or ["no reason was given"])[-1]
    return f"cannot be imported: {last[:300]}"

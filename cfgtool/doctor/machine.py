"""Python, TensorFlow and the machine, as a run would find them."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cfgtool
from cfgtool.doctor.remark import Remark
from cfgtool.training.starting.estimates import gpus, in_bytes, machine_memory
from cfgtool.training.starting.model_dir import check_writable, free_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.doctor.probe import Answer

OLDEST_PYTHON = (3, 11)
SWITCHES = (
    "CUDA_VISIBLE_DEVICES",
    "TF_CONFIG",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_FORCE_GPU_ALLOW_GROWTH",
    "TF_USE_LEGACY_KERAS",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
)
"""Environment variables that change what TensorFlow does."""
FEATURES = ("avx", "avx2", "fma", "avx512f", "avx512_vnni", "amx_bf16")
"""Instructions that kernels on the processor use, the necessary one first."""
LITTLE_MEMORY = 4 << 30
LITTLE_DISK = 2 << 30
_RIGHT_SUM = 512.0


def python_remarks() -> Iterator[Remark]:
    """The interpreter and this program."""
    version = platform.python_version()
    old = sys.version_info[:2] < OLDEST_PYTHON
    where = f"{version}, {platform.system()} {platform.machine()}, {sys.executable}"
    hint = f"Python {'.'.join(map(str, OLDEST_PYTHON))} or later" if old else None
    yield Remark("python", "python", "error" if old else "ok", where, hint)
    yield Remark("python", "cfgtool", "ok", f"{cfgtool.__version__}, {os.path.dirname(cfgtool.__file__)}")


def tensorflow_remarks(answer: Answer | None) -> Iterator[Remark]:
    """What TensorFlow said of itself; `answer` is None where it is not installed."""
    if answer is None:
        return
    told = answer.told
    if told is None:
        yield Remark(
            "tensorflow", "import", "error", f"tensorflow {answer.failure}", _reinstall(answer.failure or "")
        )
        return
    right = told.get("sum") == _RIGHT_SUM
    what = f"{told.get('version')}, {told.get('file')}"
    yield Remark(
        "tensorflow",
        "import",
        "ok" if right else "error",
        what if right else f"{what}: it multiplied two small matrices wrongly",
        None if right else "pip install --force-reinstall --no-cache-dir tensorflow",
    )
    yield _gpu_remark(told)
    onednn = os.environ.get("TF_ENABLE_ONEDNN_OPTS")
    state = "on, as this build decides" if onednn is None else f"TF_ENABLE_ONEDNN_OPTS={onednn}"
    yield Remark("tensorflow", "oneDNN", "ok", state)


def _reinstall(failure: str) -> str:
    if "SIGILL" in failure:
        return "use another machine, or build TensorFlow for this processor"
    if "numpy" in failure.lower():
        return "pip install --upgrade --force-reinstall tensorflow numpy"
    if "within" in failure:
        return "try again, since a first import is slow; --time-limit allows it longer"
    return "pip install --force-reinstall 'cfgtool[train]', in a fresh environment if that does not help"


def _gpu_remark(told: dict[str, Any]) -> Remark:
    """The GPUs that TensorFlow uses, beside those that the driver knows."""
    used, known = told.get("gpus") or [], gpus()
    build = f"CUDA {told['cuda']}, cuDNN {told['cudnn']}" if told.get("cuda") else "no CUDA"
    missing = [name for name, found in (told.get("loaded") or {}).items() if not found]
    if used:
        sizes = {gpu.name: in_bytes(gpu.memory) for gpu in known}
        names = [f"{gpu['name']} ({sizes.get(gpu['name'], 'memory unknown')}, compute capability {gpu['capability']})"
                 for gpu in used]  # fmt: skip
        return Remark("tensorflow", "GPUs", "ok", f"{', '.join(names)}; built for {build}")
    if not known:
        return Remark(
            "tensorflow", "GPUs", "note", f"none on this machine; training takes the processor ({build})"
        )
    names = [f"{gpu.name} ({in_bytes(gpu.memory)})" for gpu in known]
    version = str(told.get("version", "")).split("+")[0]
    why = f"; lib{', lib'.join(missing)} is not found" if missing else ""
    return Remark(
        "tensorflow",
        "GPUs",
        "warning",
        f"the driver knows {', '.join(names)}, TensorFlow uses none (built for {build}{why})",
        f"pip install 'tensorflow[and-cuda]=={version}'",
    )


def machine_remarks(model_dir: Path | None) -> Iterator[Remark]:
    """Processor, memory, and the disk that a run would write to."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    features = processor_features()
    told = f"{cores} core{'s' * (cores > 1)}, {', '.join(features) or 'instructions unknown'}"
    lacking = not features and platform.machine() in ("x86_64", "AMD64") and _CPU_INFO.exists()
    yield Remark(
        "machine",
        "processor",
        "warning" if lacking else "ok",
        f"{told}; without AVX, which TensorFlow's builds need" if lacking else told,
        "use another machine, or build TensorFlow for this processor" if lacking else None,
    )
    memory = machine_memory()
    if memory is None:
        yield Remark("machine", "memory", "note", "this system does not say")
    else:
        little = memory < LITTLE_MEMORY
        hint = "take small networks and batches: `cfgtool describe` counts" if little else None
        yield Remark("machine", "memory", "warning" if little else "ok", in_bytes(memory), hint)
    yield _disk(model_dir or Path.cwd())
    for name in SWITCHES:
        if name in os.environ:
            yield Remark("machine", name, "note", f"is set: {os.environ[name]!r}")


def _disk(folder: Path) -> Remark:
    from cfgtool.errors import UserError

    try:
        check_writable(folder)
        free = free_bytes(folder)
    except UserError as error:
        return Remark("machine", "disk", "warning", f"{folder}: {error.message}", error.hint)
    except OSError as error:
        return Remark("machine", "disk", "warning", f"{folder}: {error.strerror or error}")
    little = free < LITTLE_DISK
    hint = "make room, or choose another --model-dir" if little else None
    return Remark(
        "machine", "disk", "warning" if little else "ok", f"{in_bytes(free)} free at {folder}", hint
    )


_CPU_INFO = Path("/proc/cpuinfo")


def processor_features() -> list[str]:
    """Those of `FEATURES` that the processor has; none where the system does not say."""
    with contextlib.suppress(OSError):
        for line in _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("flags", "Features")):
                flags = set(line.partition(":")[2].split())
                return [name for name in FEATURES if name in flags]
    return []

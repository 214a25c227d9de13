"""Benchmark of `cfgtool data import`: pictures into records, against copying the same files."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.light import Setting

PICTURES, BYTES, BOXES = 10_000, 100_000, 7
MOST_ROUNDS = 3
_HEADER = bytes.fromhex("ffd8ffc00011080258032003012200021101031101ffda000c03010002110311003f00")
"""JPEG: a frame header of 800 x 600 pixels in 3 colours, and the header of the scan."""

_MEASURED = """
import resource, subprocess, sys, time
start = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
wall = time.perf_counter() - start
print(wall, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, done.returncode)
"""


def importing(setting: Setting) -> None:
    """Wall time and peak memory of an import of COCO, beside a plain copy of its files, both followed by fsync."""
    source = _source(setting.scratch / "coco")
    pictures = source.parent / "images"
    total = sum(path.stat().st_size for path in pictures.iterdir()) / 1e6
    print(
        f"\nimport of {PICTURES:,} pictures, {total:,.0f} MB, {BOXES} boxes each; {len(os.sched_getaffinity(0))} cores"
    )
    for workers in (1, 2):
        walls, copies, peak = [], [], 0.0
        for _ in range(min(setting.rounds, MOST_ROUNDS)):
            copies.append(_copied(pictures, setting.scratch / "copy"))
            wall, memory = _imported(source, setting.scratch / "out", workers)
            walls.append(wall)
            peak = max(peak, memory)
        ratios = sorted(wall / copy for wall, copy in zip(walls, copies, strict=True))
        print(
            f"  workers {workers}: {total / min(walls):5.0f} MB/s, plain copy {total / min(copies):5.0f} MB/s,"
            f" {ratios[len(ratios) // 2]:.2f} x its time, at most {peak:.0f} MiB a process"
        )


def _source(root: Path) -> Path:
    """A COCO set of pictures that are whole by their headers and ends; what is between is noise."""
    draw = random.Random(1)
    (root / "images").mkdir(parents=True)
    noise = draw.randbytes(2 * BYTES)
    images, annotations = [], []
    for number in range(PICTURES):
        start = draw.randrange(BYTES)
        content = _HEADER + noise[start : start + BYTES - 64] + number.to_bytes(8, "big") + b"\xff\xd9"
        (root / "images" / f"{number:06d}.jpg").write_bytes(content)
        images.append({"id": number, "file_name": f"{number:06d}.jpg", "width": 800, "height": 600})
        for _ in range(BOXES):
            box = [draw.uniform(0, 500), draw.uniform(0, 400), draw.uniform(2, 300), draw.uniform(2, 200)]
            annotations.append(
                {
                    "id": len(annotations),
                    "image_id": number,
                    "category_id": draw.randint(1, 80),
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": 0,
                    "segmentation": [[draw.uniform(0, 600) for _ in range(40)]],
                }
            )
    draw.shuffle(annotations)
    categories = [{"id": number, "name": f"class {number}"} for number in range(1, 81)]
    path = root / "instances.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path


def _copied(folder: Path, target: Path) -> float:
    """Seconds to copy the files one by one, and to have them on the disk."""
    shutil.rmtree(target, ignore_errors=True)
    os.sync()
    start = time.perf_counter()
    shutil.copytree(folder, target)
    os.sync()
    wall = time.perf_counter() - start
    shutil.rmtree(target)
    return wall


def _imported(source: Path, target: Path, workers: int) -> tuple[float, float]:
    """Seconds and MiB of the largest process."""
    shutil.rmtree(target, ignore_errors=True)
    os.sync()
    command = [sys.executable, "-m", "cfgtool", "data", "import", "coco", str(source), "-o", str(target)]
    command += ["--workers", str(workers)]
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *command], capture_output=True, text=True, check=True
    )
    os.sync()
    wall = time.perf_counter() - start
    _, memory, status = done.stdout.split()
    if status != "0":
        raise RuntimeError(f"the import ended with status {status}")
    shutil.rmtree(target)
    return wall, float(memory)

"""Draw the small COCO set under `fixtures/import` that the documentation and tests import.

    python -m tools.make_import_fixtures

`instances.json` is sound; `instances_flawed.json` has of the same pictures what is often wrong. JPEG bytes depend on the
release of Pillow (extra `train`).
"""

from __future__ import annotations

import copy
import json
import random
import sys
from pathlib import Path
from typing import Any

from tools.draw_shapes import CLASSES, JPEG_QUALITY, draw

ROOT = Path(__file__).resolve().parents[1] / "fixtures" / "import"
PICTURES, SIZE, SEED = 10, 96, 5


def instances(folder: Path) -> dict[str, Any]:
    """Write the pictures; returns their annotations. Ids of categories have gaps, as COCO's own have."""
    images, annotations = [], []
    for number in range(1, PICTURES + 1):
        image, objects = draw(random.Random(f"{SEED}/{number}"), SIZE)
        name = f"{number:04d}.jpg"
        image.save(folder / name, "JPEG", quality=JPEG_QUALITY)
        images.append({"id": number, "file_name": name, "width": SIZE, "height": SIZE})
        for shape, (left, top, right, bottom) in objects:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": 2 * CLASSES.index(shape) + 1,
                    "bbox": [left, top, right - left, bottom - top],
                    "area": (right - left) * (bottom - top),
                    "iscrowd": 0,
                }
            )
    categories = [{"id": 2 * number + 1, "name": name} for number, name in enumerate(CLASSES)]
    return {"images": images, "annotations": annotations, "categories": categories}


def flawed(said: dict[str, Any]) -> dict[str, Any]:
    """The same with a picture that is not there, boxes over the edge, without area, and an unknown class."""
    said = copy.deepcopy(said)
    said["images"].append({"id": 99, "file_name": "0099.jpg", "width": SIZE, "height": SIZE})
    first, second, third, fourth = said["annotations"][:4]
    first["bbox"][2] += SIZE
    second["bbox"][3] = 0
    third["category_id"] = 90
    fourth["bbox"][0] -= SIZE
    return said


def main() -> int:
    """Write every file."""
    (ROOT / "images").mkdir(parents=True, exist_ok=True)
    said = instances(ROOT / "images")
    for name, content in (("instances.json", said), ("instances_flawed.json", flawed(said))):
        (ROOT / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

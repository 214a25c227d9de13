"""The checks of the lists that hold a value per object: lengths, classes, masks, keypoints."""

from __future__ import annotations

from cfgtool.data import keys, objects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cfgtool.data.example import Values
    from cfgtool.data.expected import Expected

    Flaw = tuple[str, str, str]
    Features = Mapping[str, Values]


def _boxes(count: int) -> str:
    return "1 box" if count == 1 else f"{count} boxes"


def length_flaws(features: Features) -> Iterator[Flaw]:
    """Lists that must have one value per object and do not."""
    counts = {key: len(features.get(key, ())) for key in keys.BOX}
    count = max(counts.values())
    if len(set(counts.values())) > 1:
        shown = ", ".join(f"{key.rpartition('/')[2]} {number}" for key, number in counts.items())
        yield "box-lists-differ", "error", f"the box lists differ in length: {shown}"
    labels, names = (len(features.get(key, ())) for key in (keys.LABEL, keys.TEXT))
    if count and not labels and not names:
        yield "missing-key", "error", f"{_boxes(count)}, but neither {keys.LABEL!r} nor {keys.TEXT!r}"
    for key, number in ((keys.LABEL, labels), (keys.TEXT, names)):
        if number and number != count:
            yield "class-list-differs", "error", f"{key!r} has {number} values for {_boxes(count)}"
    for key in keys.PER_OBJECT_OPTIONAL:
        number = len(features.get(key, ()))
        if number not in (0, count):
            yield "object-list-differs", "error", f"{key!r} has {number} values for {_boxes(count)}"


def class_flaws(features: Features, expected: Expected) -> Iterator[Flaw]:
    """Classes that the label map or the model does not have."""
    lookup, ids, num_classes = expected.lookup, expected.ids, expected.num_classes
    labels = objects.integers(features, keys.LABEL)
    names = objects.texts(features, keys.TEXT)
    for label in dict.fromkeys(labels):
        if label < 1:
            yield "class-id-below-one", "error", f"class id '{label}' is not allowed, ids start at 1"
        elif num_classes is not None and label > num_classes:
            message = f"class id '{label}' is above num_classes '{num_classes}': it would train as nothing"
            yield "class-id-above-num-classes", "error", message
        elif ids is not None and label not in ids:
            yield "class-id-unknown", "error", f"class id '{label}' is not in the label map"
    if lookup is None:
        return
    for name in dict.fromkeys(names):
        if name not in lookup:
            message = f"class {name!r} is not in the label map: training drops its boxes{_near(name, lookup)}"
            yield "class-text-unknown", "error", message
    for name, label in dict.fromkeys(zip(names, labels, strict=False)):
        if name in lookup and lookup[name] != label:
            message = f"class {name!r} has id '{label}' here and '{lookup[name]}' in the label map"
            yield "class-text-and-id-differ", "error", message


def _near(name: str, lookup: Mapping[str, int]) -> str:
    folded = name.strip().casefold()
    same = next((known for known in lookup if known.strip().casefold() == folded), None)
    return f"; the label map spells it {same!r}" if same is not None else ""


def mask_flaws(features: Features, kind: str, boxes: int) -> Iterator[Flaw]:
    """Masks that a reader loads as `kind` ("png" or "numerical"; "": it loads none) and does not find so."""
    if not kind or not boxes:
        return
    masks = features.get(keys.MASK, [])
    if not masks:
        yield "masks-missing", "error", f"{_boxes(boxes)}, but no {keys.MASK!r}, which the reader loads"
        return
    stored = "png" if isinstance(masks[0], bytes) else "numerical"
    if stored != kind:
        names = {"png": "PNG images", "numerical": "numbers"}
        message = f"{keys.MASK!r} holds {names[stored]}, and 'mask_type' says {names[kind]}"
        yield "mask-type-differs", "error", message
        return
    sides = [*objects.integers(features, keys.HEIGHT)[:1], *objects.integers(features, keys.WIDTH)[:1]]
    each = 1 if kind == "png" else sides[0] * sides[1] if len(sides) == 2 else 0
    if each and len(masks) != boxes * each:
        unit = "masks" if kind == "png" else f"numbers of {sides[0]} x {sides[1]} masks"
        yield "mask-count-differs", "error", f"{keys.MASK!r} has {len(masks)} {unit} for {_boxes(boxes)}"


def keypoint_flaws(features: Features, count: int, boxes: int) -> Iterator[Flaw]:
    """Keypoints of which a reader loads `count` per object (0: none) and does not find as many."""
    if not count or not boxes:
        return
    for key in (keys.KEYPOINT_Y, keys.KEYPOINT_X):
        number = len(features.get(key, ()))
        if not number:
            yield (
                "keypoints-missing",
                "error",
                f"{_boxes(boxes)}, but no {key!r}, and 'num_keypoints' is '{count}'",
            )
            return
        if number != boxes * count:
            message = f"{key!r} has {number} values for {_boxes(boxes)} of {count} keypoints"
            yield "keypoint-count-differs", "error", message
            return

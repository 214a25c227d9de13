"""The feature keys of a detection tf.Example, as the OD API's decoder and its data set tools name them."""

from __future__ import annotations

IMAGE = "image/encoded"
FORMAT = "image/format"
HEIGHT = "image/height"
WIDTH = "image/width"
FILENAME = "image/filename"
SOURCE_ID = "image/source_id"
HASH = "image/key/sha256"
YMIN = "image/object/bbox/ymin"
XMIN = "image/object/bbox/xmin"
YMAX = "image/object/bbox/ymax"
XMAX = "image/object/bbox/xmax"
LABEL = "image/object/class/label"
TEXT = "image/object/class/text"
WEIGHT = "image/object/weight"
DIFFICULT = "image/object/difficult"
CROWD = "image/object/is_crowd"
AREA = "image/object/area"
GROUP_OF = "image/object/group_of"
TRUNCATED = "image/object/truncated"
OCCLUDED = "image/object/occluded"
DEPICTION = "image/object/depiction"
VIEW = "image/object/view"
MASK = "image/object/mask"
MASK_WEIGHT = "image/object/mask/weight"
KEYPOINT_Y = "image/object/keypoint/y"
KEYPOINT_X = "image/object/keypoint/x"
KEYPOINT_VISIBILITY = "image/object/keypoint/visibility"
KEYPOINT_TEXT = "image/object/keypoint/text"
KEYPOINT_NUM = "image/object/keypoint/num"
KEYPOINT_DEPTH = "image/object/keypoint/z"
KEYPOINT_DEPTH_WEIGHT = "image/object/keypoint/z/weights"
DENSEPOSE_NUM = "image/object/densepose/num"
DENSEPOSE_PART = "image/object/densepose/part_index"
DENSEPOSE_Y = "image/object/densepose/y"
DENSEPOSE_X = "image/object/densepose/x"
DENSEPOSE_V = "image/object/densepose/v"
DENSEPOSE_U = "image/object/densepose/u"
TRACK = "image/object/track/label"
CONTEXT_FEATURES = "image/context_features"
CONTEXT_LENGTH = "image/context_feature_length"
SCORES = "image/object/class/multiclass_scores"
ADDITIONAL_CHANNELS = "image/additional_channels/encoded"
IMAGE_LABEL = "image/class/label"
IMAGE_TEXT = "image/class/text"
IMAGE_CONFIDENCE = "image/class/confidence"
ABSENT = "image/neg_category_ids"
INEXHAUSTIVE = "image/not_exhaustive_category_ids"

SEQUENCE_BOX = ("region/bbox/ymin", "region/bbox/xmin", "region/bbox/ymax", "region/bbox/xmax")
"""The lists of a tf.SequenceExample that hold boxes, one list for each frame."""
SEQUENCE_TEXT = "region/label/string"
SEQUENCE_WEIGHT = "region/label/confidence"

BOX = (YMIN, XMIN, YMAX, XMAX)
"""The corners in the order of our boxes: `[ymin, xmin, ymax, xmax]`, as fractions of the image sides."""

TYPES: dict[str, type] = {
    IMAGE: bytes,
    FORMAT: bytes,
    SOURCE_ID: bytes,
    HEIGHT: int,
    WIDTH: int,
    YMIN: float,
    XMIN: float,
    YMAX: float,
    XMAX: float,
    LABEL: int,
    TEXT: bytes,
    WEIGHT: float,
    DIFFICULT: int,
    CROWD: int,
    AREA: float,
    GROUP_OF: int,
    KEYPOINT_Y: float,
    KEYPOINT_X: float,
    KEYPOINT_VISIBILITY: int,
    KEYPOINT_TEXT: bytes,
    KEYPOINT_NUM: int,
    MASK_WEIGHT: float,
    KEYPOINT_DEPTH: float,
    KEYPOINT_DEPTH_WEIGHT: float,
    DENSEPOSE_NUM: int,
    DENSEPOSE_PART: int,
    DENSEPOSE_Y: float,
    DENSEPOSE_X: float,
    DENSEPOSE_V: float,
    DENSEPOSE_U: float,
    TRACK: int,
    CONTEXT_FEATURES: float,
    CONTEXT_LENGTH: int,
    SCORES: float,
    ADDITIONAL_CHANNELS: bytes,
    IMAGE_LABEL: int,
    IMAGE_TEXT: bytes,
    IMAGE_CONFIDENCE: float,
    ABSENT: int,
    INEXHAUSTIVE: int,
}
"""Key -> the Python type of its values. Masks are no member: they are images or numbers, as the reader says."""

DENSEPOSE = (DENSEPOSE_PART, DENSEPOSE_Y, DENSEPOSE_X, DENSEPOSE_V, DENSEPOSE_U)
"""The lists with a value for each DensePose point of each object, object after object."""

PER_OBJECT_OPTIONAL = (WEIGHT, DIFFICULT, CROWD, AREA, GROUP_OF)
"""Lists that may be absent, but have one value per object where they are not."""

"""The page of a restore plan: legible colours, nothing from outside, nothing unescaped, not too large."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from matching_cases import checkpoint, entry, network, variable

from cfgtool.matching import restore_plan
from cfgtool.matching.report.fates import Report
from cfgtool.matching.report.page import plan_as_page
from cfgtool.matching.report.palette import DARK, GRAPHICS, LIGHT, PAIRS

EXTRACTOR = "model/_feature_extractor"


def _luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.2)."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, two: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read(colours: dict[str, str]) -> None:
    assert {
        (text, ground) for text, ground in PAIRS if contrast(colours[text], colours[ground]) < 4.5
    } == set()


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_fates_can_be_told_apart_and_from_the_ground(colours: dict[str, str]) -> None:
    """Blocks that are not requested are pale on purpose, and have an outline in the colour of text."""
    loud = [fate for fate in GRAPHICS if fate != "not_requested"]
    assert [fate for fate in loud if contrast(colours[fate], colours["card"]) < 2] == []
    assert len({colours[fate] for fate in GRAPHICS}) == len(GRAPHICS)
    assert set(LIGHT) == set(DARK)


def _plan_of(blocks: int, *, classes: int = 4) -> Report:
    """An SSD with eight variables in each block, of which some are missing or of another shape."""
    variables, entries = [], []
    for block in range(blocks):
        leaves = ("gamma", "beta", "moving_mean", "moving_variance")
        names = [("kernel", [3, 3, 256, 256]), ("bias", [256]), ("scale/kernel", [1, 1, 256, 256])]
        names += [(f"batch_norm/{leaf}", [256]) for leaf in leaves] + [("scale/bias", [256])]
        for number, (name, shape) in enumerate(names):
            key = f"{EXTRACTOR}/classification_backbone/layer_with_weights-{8 * block + number}/{name[-8:]}"
            variables.append(
                variable(f"backbone/block_{block}/{name}", shape, key, None, f"k{block}{number}")
            )
            if block % 7 != 3:
                entries.append(entry(key, shape if block % 7 != 5 else [1, *shape[1:]]))
    for leaf, shape in (("kernel", [1, 1, 256, 6 * classes]), ("bias", [6 * classes])):
        variables.append(variable(f"head/class/{leaf}", shape, f"model/_box_predictor/{leaf}", None, leaf))
        entries.append(entry(f"model/_box_predictor/{leaf}", [*shape[:-1], 12]))
    frozen = frozenset(item.name for item in variables if item.name.startswith("backbone/block_1/"))
    plan = restore_plan(network(variables), checkpoint(entries), "full", num_classes=classes, frozen=frozen)
    return Report(plan, ["a note"])


class _Tags(HTMLParser):
    """The elements of a page and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_nothing_else_and_allows_nothing_else() -> None:
    page = plan_as_page(_plan_of(9))
    tags = _Tags(page).tags
    outside = ("link", "img", "image", "use", "iframe", "object", "embed", "base", "audio", "video")
    assert [(tag, values.get("href")) for tag, values in tags if tag in outside] == [("link", "data:,")]
    for tag, values in tags:
        assert not [name for name in values if name.startswith("on") or name in ("style", "src")], (
            tag,
            values,
        )
        assert (values.get("href") or "#").startswith(("#", "data:,"))
    assert "http:" not in page.replace("http-equiv", "")
    assert "https:" not in page
    policy = next(values["content"] for tag, values in tags if values.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        content = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert len(content) == 1
        digest = base64.b64encode(hashlib.sha256(content[0].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    ids = [values["id"] for _, values in tags if "id" in values]
    assert len(ids) == len(set(ids))
    targets = {values["href"] for tag, values in tags if tag == "a"}
    assert targets == {f"#m{number}" for number in range(10)}
    assert {target.removeprefix("#") for target in targets if target} <= set(ids)


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'onmouseover='alert(1)",
    "</style></title></script><h1>",
    "&lt;b&gt;",
    "\u202egnp.exe\x1b[31m\x00",
    "javascript:alert(1)",
    "\udcff\ud800",
]


def test_hostile_names_stay_text() -> None:
    variables = [
        variable(f"backbone/{name}/{name}", [3], f"{EXTRACTOR}/{name}", None, name) for name in HOSTILE
    ]
    entries = [entry(f"{EXTRACTOR}/{name}", [3 + number % 2]) for number, name in enumerate(HOSTILE)]
    entries += [entry(f"{name}/{name}", [1]) for name in HOSTILE]
    content = checkpoint(entries)
    content.path = HOSTILE[1]
    description = network(variables, type_=HOSTILE[0])
    report = Report(restore_plan(description, content, "full"), HOSTILE)
    report.warnings += HOSTILE
    page = plan_as_page(report)
    page.encode()  # has no lone surrogates
    honest = _Tags(plan_as_page(_plan_of(8))).tags
    found = _Tags(page)
    assert {tag for tag, _ in found.tags} <= {tag for tag, _ in honest} | {"p"}
    assert [tag for tag, _ in found.tags].count("script") == 1
    allowed = {name for _, values in honest for name in values}
    assert {name for _, values in found.tags for name in values} <= allowed
    assert not re.search("[\u202e\x1b\x00]", page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&amp;lt;b&amp;gt;" in page


def test_sixteen_hundred_variables_fit() -> None:
    report = _plan_of(200)
    assert len(report.rows) > 1600
    page = plan_as_page(report)
    assert len(page.encode()) < 300_000
    assert page.count("<tr class=") == len(report.rows)


def test_both_shapes_and_every_fate_are_told() -> None:
    report = _plan_of(9, classes=5)
    text = _Tags(plan_as_page(report)).text
    assert "[3, 3, 256, 256] here" in text
    assert "[1, 3, 256, 256] in the checkpoint" in text
    assert "restored: 57 variables" in text
    assert "other shape: 9 variables" in text
    assert "missing: 8 variables" in text
    assert "frozen in training: 8 variables" in text
    assert "a note" in text
    assert "backbone/block_3/ all 8 variables" in text
    assert report.plan.verdict.text in text


def test_an_unverified_network_is_marked() -> None:
    report = _plan_of(2)
    assert "Unverified" not in plan_as_page(report)
    report.plan.network = report.plan.network._replace(verified=False)
    assert "Unverified" in plan_as_page(report)

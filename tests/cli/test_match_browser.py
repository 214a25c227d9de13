"""The page of `cfgtool match --format html` in a browser: it works, in both colour schemes, without a complaint."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from written_checkpoints import write_checkpoint

from cfgtool import schema, textproto
from cfgtool.cli.main import main
from cfgtool.matching.report.palette import DARK, LIGHT
from cfgtool.networks import describe

pytestmark = pytest.mark.slow

Browse = Callable[..., tuple[str, str]]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a checkpoint with other classes and one layer less than the config."""
    folder = tmp_path_factory.mktemp("page")
    demo = Path(__file__).parents[2] / "fixtures" / "demo" / "pipeline.config"
    text = re.sub(r"(?m)^ *(fine_tune_checkpoint|from_detection).*\n", "", demo.read_text())
    text = text.replace("train_config {", 'train_config { freeze_variables: "backbone/conv_[0-3]/"', 1)
    config = folder / "pipeline.config"
    config.write_text(text)
    network = describe(schema.read_config(textproto.parse(text.replace("num_classes: 4", "num_classes: 9"))))
    shapes = {
        variable.tf2_key or "": variable.shape
        for variable in network.variables
        if not variable.name.startswith("neck/extra_3/conv")
    }
    prefix = write_checkpoint(folder / "ckpt-7", shapes)
    target = folder / "page.html"
    arguments = ["match", str(config), "--checkpoint", prefix, "--type", "full", "--format", "html"]
    with pytest.raises(SystemExit) as caught:
        main([*arguments, "-o", str(target)])
    assert caught.value.code == 1
    return target


def _visible(document: str) -> list[str]:
    """Names of the variables in rows that are not hidden."""
    found: list[str] = []
    for module in re.findall(r"<details id=\"m\d+\".*?</details>", document, re.DOTALL):
        opening = module[: module.index(">")]
        name = re.search(r'data-name="([^"]*)"', opening)
        assert name is not None
        rows = re.findall(r"<tr class=[^>]*>.*?</td>", module, re.DOTALL) if " hidden" not in opening else []
        shown = (row for row in rows if " hidden" not in row[: row.index(">")])
        found += (f"{name[1]}/{re.sub('<[^>]*>', '', row)}" for row in shown)
    return found


def _count(document: str) -> str:
    found = re.search(r'<output id="count"[^>]*>([^<]*)<', document)
    assert found is not None
    return found[1]


def test_everything_is_shown_without_a_complaint(page: Path, browse: Browse) -> None:
    document, said = browse(page, "", "--dump-dom")
    assert "CONSOLE" not in said
    assert "Refused" not in said
    assert _count(document) == "199 variables"
    assert len(_visible(document)) == 199
    assert re.search(r'<form class="find" id="find">', document)
    assert re.search(r'<button id="theme" type="button">', document)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "CONV_3/+gamma",
            ["backbone/conv_3/depthwise/batch_norm/gamma", "backbone/conv_3/pointwise/batch_norm/gamma"],
        ),
        ("missing+kernel", ["neck/extra_3/conv/kernel"]),
        ("%5B1,%201,%20128,%2030%5D", ["head/class/level_0/conv/kernel"]),
        ("classification_backbone/layer_with_weights-0/kernel", ["backbone/conv_0/kernel"]),
        ("nothing%zz", []),
    ],
)
def test_the_search_filters(page: Path, browse: Browse, query: str, expected: list[str]) -> None:
    document, said = browse(page, f"#q={query}", "--dump-dom")
    assert "CONSOLE" not in said
    assert [name for name in _visible(document) if name in expected] == expected
    assert _count(document) == f"{len(_visible(document))} of 199 variables"
    if "layer_with" not in query:
        assert _visible(document) == expected


def test_a_block_of_the_picture_leads_to_its_table(page: Path, browse: Browse) -> None:
    text = page.read_text()
    link = re.search(
        r'<a href="(#m\d+)"><title>backbone/conv_5: [\d,]+ parameters, 10 restored</title>', text
    )
    assert link is not None
    document, _ = browse(page, link[1], "--dump-dom")
    assert re.search(rf'<details id="{link[1][1:]}" data-name="backbone/conv_5" open="">', document)


@pytest.mark.parametrize(("scheme", "colours"), [(0, DARK), (1, LIGHT)], ids=["dark", "light"])
def test_the_scheme_of_the_system(
    page: Path, browse: Browse, tmp_path: Path, scheme: int, colours: dict[str, str]
) -> None:
    images = pytest.importorskip("PIL.Image")
    shot = tmp_path / "shot.png"
    options = (
        f"--blink-settings=preferredColorScheme={scheme}",
        "--window-size=1200,900",
        f"--screenshot={shot}",
    )
    _, said = browse(page, "", *options)
    assert "CONSOLE" not in said
    with images.open(shot) as image:
        pixels = image.convert("RGB")
        counted = {colour: count for count, colour in pixels.getcolors(pixels.width * pixels.height)}
    for name in ("paper", "card", "restored"):
        value = colours[name]
        colour = (int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16))
        assert counted.get(colour, 0) > 2000, name


def test_the_button_changes_the_scheme(page: Path, browse: Browse, tmp_path: Path) -> None:
    """Pressed by a script of the test, which the page's own policy would not let run."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text())
    press = "<script>theme.click(); document.title = getComputedStyle(document.body).color;</script></body>"
    pressed = tmp_path / "pressed.html"
    for presses, value in ((1, LIGHT["ink"]), (2, DARK["ink"])):
        pressed.write_text(
            text.replace("</body>", press.replace("theme.click();", "theme.click();" * presses))
        )
        document, _ = browse(pressed, "", "--dump-dom")
        colour = ", ".join(str(int(value[place : place + 2], 16)) for place in (1, 3, 5))
        assert f"<title>rgb({colour})</title>" in document
        assert f"Colours: {('auto', 'light', 'dark')[presses]}</button>" in document


def test_it_shows_everything_without_scripts(page: Path, browse: Browse, tmp_path: Path) -> None:
    bare = tmp_path / "bare.html"
    bare.write_text(re.sub(r"<script>.*?</script>", "", page.read_text(), flags=re.DOTALL))
    document, _ = browse(bare, "", "--dump-dom")
    assert len(_visible(document)) == 199
    assert '<form class="find" id="find" hidden="">' in document
    assert 'id="theme" type="button" hidden=""' in document


def test_it_prints(page: Path, browse: Browse, tmp_path: Path) -> None:
    target = tmp_path / "page.pdf"
    browse(page, "", f"--print-to-pdf={target}", "--no-pdf-header-footer")
    content = target.read_bytes()
    assert content.startswith(b"%PDF-")
    # With all modules open it takes several pages.
    assert len(re.findall(rb"/Type\s*/Page\b", content)) > 3

"""The page of `cfgtool report` in a browser: pointer, keys, both colour schemes, narrow screens, print, no scripts."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cfgtool.training.report.folder import read_run
from cfgtool.training.report.page import run_as_page
from cfgtool.training.report.scene import DARK, LIGHT

pytestmark = pytest.mark.slow

Browse = Callable[..., tuple[str, str]]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run with four evaluations, and class names that are hard to break."""
    folder = tmp_path_factory.mktemp("page") / "run"
    folder.mkdir()
    lines = []
    for step in range(2, 401, 2):
        row = {"step": step, "Loss/total_loss": 3 + math.sin(step / 20), "learning_rate": 0.1}
        lines.append(row | {"steps_per_sec": 2.0})
        if step % 100 == 0:
            classes = {
                f"DetectionBoxes_PerformanceByCategory/mAP/{name}": step / 1000 for name in ("cat", "x" * 90)
            }
            lines.append({"step": step, "DetectionBoxes_Precision/mAP": step / 1000} | classes)
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "pipeline.config").write_text(
        "# " + "a long line " * 40 + "\ntrain_config { num_steps: 400 }\n"
    )
    starts = [{"command": "cfgtool train " * 30, "gpus": ["one"]}, {"command": "again"}]
    (folder / "environment.json").write_text(json.dumps({"starts": starts}))
    target = folder / "report.html"
    target.write_text(run_as_page(read_run(folder)))
    return target


def with_script(page: Path, folder: Path, script: str) -> Path:
    """The page with a script of the test at its end, which its own policy would not let run."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text())
    changed = folder / "changed.html"
    changed.write_text(text.replace("</body>", f"<script>{script}</script></body>"))
    return changed


def outputs(document: str) -> list[str]:
    return re.findall(r"<output[^>]*>([^<]*)</output>", document)


def test_everything_is_shown_without_a_complaint(page: Path, browse: Browse) -> None:
    document, said = browse(page, "", "--dump-dom")
    assert "CONSOLE" not in said
    assert "Refused" not in said
    assert outputs(document) == ["", "", ""]
    assert (
        len(re.findall(r'<figure tabindex="0" role="group" aria-label="[^"]*arrow keys[^"]*">', document))
        == 3
    )
    assert re.search(r'<button id="theme" type="button">', document)


def test_the_pointer_reads_values(page: Path, browse: Browse, tmp_path: Path) -> None:
    script = """
    const chart = document.querySelectorAll("svg[data-frame]")[2];
    const place = chart.getBoundingClientRect();
    chart.dispatchEvent(new PointerEvent("pointermove",
      { clientX: place.left + place.width * 0.62, clientY: place.top + 20, bubbles: true }));
    """
    document, said = browse(with_script(page, tmp_path, script), "", "--dump-dom")
    assert "CONSOLE" not in said
    assert outputs(document)[2] in ("step 200: 0.2", "step 300: 0.3")
    assert re.search(r'<g class="pointed" visibility="visible">', document)


def test_keys_read_values(page: Path, browse: Browse, tmp_path: Path) -> None:
    script = """
    const figure = document.querySelectorAll("figure")[2];
    figure.focus();
    const read = [];
    for (const key of ["ArrowRight", "ArrowRight", "ArrowLeft", "End", "ArrowRight", "Home", "x"]) {
      figure.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
      read.push(figure.querySelector("output").textContent);
    }
    document.title = read.join("; ") + (document.activeElement === figure ? "" : " not focused");
    """
    document, _ = browse(with_script(page, tmp_path, script), "", "--dump-dom")
    expected = ["100: 0.1", "200: 0.2", "100: 0.1", "400: 0.4", "400: 0.4", "100: 0.1", "100: 0.1"]
    assert f"<title>{'; '.join('step ' + text for text in expected)}</title>" in document


@pytest.mark.parametrize(("scheme", "colours"), [(0, DARK), (1, LIGHT)], ids=["dark", "light"])
def test_the_scheme_of_the_system(
    page: Path, browse: Browse, tmp_path: Path, scheme: int, colours: dict[str, str]
) -> None:
    images = pytest.importorskip("PIL.Image")
    shot = tmp_path / "shot.png"
    options = (
        f"--blink-settings=preferredColorScheme={scheme}",
        "--window-size=1280,1400",
        f"--screenshot={shot}",
    )
    _, said = browse(page, "", *options)
    assert "CONSOLE" not in said
    with images.open(shot) as image:
        pixels = image.convert("RGB")
        counted = {colour: count for count, colour in pixels.getcolors(pixels.width * pixels.height)}
    for name, least in (("paper", 2000), ("card", 2000), ("series-0", 300), ("line", 300)):
        value = colours[name]
        colour = (int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16))
        assert counted.get(colour, 0) > least, name


@pytest.mark.parametrize("width", [320, 400, 700, 1280])
def test_nothing_is_wider_than_the_screen(page: Path, browse: Browse, tmp_path: Path, width: int) -> None:
    """Everything that is folded is opened; what is too wide scrolls inside its own card."""
    inner = with_script(
        page,
        tmp_path,
        "for (const fold of document.querySelectorAll('details')) fold.open = true;"
        " parent.postMessage(document.documentElement.scrollWidth, '*');",
    )
    outer = tmp_path / "outer.html"
    outer.write_text(
        '<!doctype html><script>addEventListener("message", (event) => { document.title = "wide " + event.data; });'
        f'</script><iframe src="{inner.name}" width="{width}" height="900" frameborder="0"></iframe>'
    )
    document, _ = browse(outer, "", "--dump-dom")
    found = re.search(r"<title>wide (\d+)</title>", document)
    assert found is not None
    assert int(found[1]) <= width


def test_it_shows_everything_without_scripts(page: Path, browse: Browse, tmp_path: Path) -> None:
    bare = tmp_path / "bare.html"
    bare.write_text(re.sub(r"<script>.*?</script>", "", page.read_text(), flags=re.DOTALL))
    document, _ = browse(bare, "", "--dump-dom")
    assert document.count('class="chart"') == 3
    assert "Values as a table: 40 of 200 logged steps" in document
    assert outputs(document) == []
    assert "tabindex" not in document
    assert 'id="theme" type="button" hidden=""' in document


def test_it_prints(page: Path, browse: Browse, tmp_path: Path) -> None:
    target = tmp_path / "page.pdf"
    browse(page, "", f"--print-to-pdf={target}", "--no-pdf-header-footer")
    content = target.read_bytes()
    assert content.startswith(b"%PDF-")
    # With everything unfolded it takes several pages.
    assert len(re.findall(rb"/Type\s*/Page\b", content)) >= 2

const space = "http://www.w3.org/2000/svg";

function shape(parent, name, attributes) {
  const element = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
}

// The values of a chart in rising order, with where they lie on it.
function pointsOf(chart) {
  return [...chart.querySelectorAll("polyline[data-x]")].flatMap((curve) => {
    const steps = curve.dataset.x.split(" ").map(Number);
    const values = curve.dataset.y.split(" ").map(Number);
    const places = curve.getAttribute("points").split(" ").map((place) => place.split(",").map(Number));
    return steps.map((step, index) => ({ step, value: values[index], x: places[index][0], y: places[index][1] }));
  });
}

for (const chart of document.querySelectorAll("svg[data-frame]")) {
  const points = pointsOf(chart);
  if (!points.length) continue;
  const [, top, , bottom] = chart.dataset.frame.split(" ").map(Number);
  const figure = chart.closest("figure");
  const said = figure.appendChild(document.createElement("output"));
  const mark = shape(chart, "g", { class: "pointed", visibility: "hidden" });
  const line = shape(mark, "line", { y1: top, y2: bottom, class: "s-soft", "stroke-dasharray": "3 3" });
  const dot = shape(mark, "circle", { r: 5, class: "f-link" });
  let chosen = -1;

  function show(index) {
    chosen = Math.min(Math.max(index, 0), points.length - 1);
    const { step, value, x, y } = points[chosen];
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
    dot.setAttribute("cx", x);
    dot.setAttribute("cy", y);
    mark.setAttribute("visibility", "visible");
    said.textContent = "step " + step.toLocaleString("en") + ": " + Number(value.toPrecision(5));
  }

  chart.addEventListener("pointermove", (event) => {
    const place = chart.getBoundingClientRect();
    const x = ((event.clientX - place.left) * chart.viewBox.baseVal.width) / place.width;
    let nearest = 0;
    for (let index = 1; index < points.length; index += 1) {
      if (Math.abs(points[index].x - x) < Math.abs(points[nearest].x - x)) nearest = index;
    }
    show(nearest);
  });
  const label = chart.getAttribute("aria-label");
  figure.tabIndex = 0;
  figure.setAttribute("role", "group");
  figure.setAttribute("aria-label", label + "; arrow keys read the values");
  said.setAttribute("aria-live", "polite");
  figure.addEventListener("keydown", (event) => {
    const far = Math.max(1, Math.round(points.length / 20));
    const moves = {
      ArrowRight: chosen + (event.shiftKey ? far : 1), ArrowLeft: chosen - (event.shiftKey ? far : 1),
      Home: 0, End: points.length - 1,
    };
    if (event.altKey || event.ctrlKey || event.metaKey || !(event.key in moves)) return;
    event.preventDefault();
    show(moves[event.key]);
  });
}

addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
});

const form = document.getElementById("find");
const field = document.getElementById("q");
const count = document.getElementById("count");
// Of each row: the text to search, and what folds away with it.
const rows = [...document.querySelectorAll("tr[class]")].map((row) => {
  const module = row.closest("details");
  const [name, fate, shape, key] = [...row.cells].map((cell) => cell.textContent);
  const folder = module.querySelector("caption code")?.textContent ?? "";
  const words = [module.dataset.name + "/" + name, fate, shape, folder + key];
  return { row, module, text: words.join(" ").toLowerCase() };
});
const modules = [...document.querySelectorAll("details[data-name]")];
const opened = new Set(modules.filter((module) => module.open));
form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());

function search(query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const hit = new Set();
  let found = 0;
  for (const { row, module, text } of rows) {
    const shown = words.every((word) => text.includes(word));
    row.hidden = !shown;
    if (shown) { hit.add(module); found += 1; }
  }
  for (const module of modules) {
    module.hidden = !hit.has(module);
    module.open = words.length ? hit.has(module) : opened.has(module);
  }
  for (const part of document.querySelectorAll("section.part")) {
    part.hidden = !part.querySelector("details:not([hidden])");
  }
  count.textContent = words.length ? found + " of " + rows.length + " variables" : rows.length + " variables";
}

function fromHash() {
  const asked = /^#q=(.*)$/.exec(location.hash);
  if (asked) {
    try { field.value = decodeURIComponent(asked[1].replace(/\+/g, " ")); } catch { field.value = asked[1]; }
    search(field.value);
    return;
  }
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (target && target.tagName === "DETAILS") target.open = true;
}
field.addEventListener("input", () => {
  search(field.value);
  history.replaceState(null, "", field.value ? "#q=" + encodeURIComponent(field.value) : "#");
});
for (const button of document.querySelectorAll("button[data-q]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    field.value = button.dataset.q;
    search(field.value);
    field.scrollIntoView({ block: "center" });
    field.focus();
  });
}
addEventListener("hashchange", fromHash);
addEventListener("beforeprint", () => { for (const module of modules) module.open = !module.hidden; });
search("");
fromHash();

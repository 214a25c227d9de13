"use strict";
const root = document.documentElement;
const themes = ["auto", "light", "dark"];
const theme = document.getElementById("theme");
theme.hidden = false;
theme.addEventListener("click", () => {
  const next = themes[(themes.indexOf(root.dataset.theme || "auto") + 1) % themes.length];
  root.dataset.theme = next;
  theme.textContent = "Colours: " + next;
});

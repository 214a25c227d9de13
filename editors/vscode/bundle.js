// Bundles the extension, and gathers the licences of what went into it.
"use strict";

const esbuild = require("esbuild");
const fs = require("node:fs");
const path = require("node:path");

const OUT = "dist";

function packagesOf(metafile) {
  const inside = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;
  const folders = Object.keys(metafile.inputs).map((input) => input.match(inside)?.[1]);
  return [...new Set(folders.filter(Boolean))].sort();
}

function licenceOf(folder) {
  const about = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
  const name = fs.readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
  if (!name) throw new Error(`${about.name} has no licence file`);
  return `${about.name} ${about.version}\n\n${fs.readFileSync(path.join(folder, name), "utf8").trim()}\n`;
}

const result = esbuild.buildSync({
  entryPoints: ["extension.js"],
  outfile: path.join(OUT, "extension.js"),
  bundle: true,
  minify: true,
  platform: "node",
  target: "node20",
  external: ["vscode"],
  metafile: true,
  logLevel: "warning",
});
fs.writeFileSync(path.join(OUT, "LICENSES.txt"), packagesOf(result.metafile).map(licenceOf).join(`\n${"-".repeat(80)}\n\n`));

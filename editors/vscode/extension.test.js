// What the extension asks of VS Code and of the client library, both played by stand-ins. Run with `node --test`.
"use strict";

const assert = require("node:assert");
const Module = require("node:module");
const test = require("node:test");

const seen = { clients: [], errors: [], commands: {} };
let failure;

class LanguageClient {
  constructor(id, name, server, options) {
    Object.assign(this, { id, name, server, options, disposed: false });
    seen.clients.push(this);
  }

  async start() {
    if (failure) throw failure;
  }

  async dispose() {
    this.disposed = true;
  }
}

const values = { path: "/opt/cfgtool", target: "tf1", rulePages: "" };
const standIns = {
  vscode: {
    commands: {
      registerCommand(name, run) {
        seen.commands[name] = run;
        return name;
      },
    },
    window: { showErrorMessage: (text) => seen.errors.push(text) },
    workspace: {
      createFileSystemWatcher: (pattern) => pattern,
      getConfiguration: () => ({ get: (name) => values[name] }),
    },
  },
  "vscode-languageclient/node": { LanguageClient, TransportKind: { stdio: 0 } },
};
const load = Module._load;
Module._load = (name, ...rest) => standIns[name] ?? load(name, ...rest);
const extension = require("./extension.js");

test("it starts the configured command with the settings", async () => {
  const context = { subscriptions: [] };
  await extension.activate(context);
  const [client] = seen.clients;
  assert.deepStrictEqual(client.server, { command: "/opt/cfgtool", args: ["lsp"], transport: 0 });
  assert.deepStrictEqual(client.options.documentSelector, [{ language: "pipeline-config" }]);
  assert.deepStrictEqual(client.options.initializationOptions, { target: "tf1", rulePages: "" });
  assert.strictEqual(client.options.synchronize.configurationSection, "cfgtool");
  assert.deepStrictEqual(context.subscriptions, ["cfgtool.restart"]);
});

test("a restart ends the old client first", async () => {
  await seen.commands["cfgtool.restart"]();
  assert.deepStrictEqual(seen.clients.map((client) => client.disposed), [true, false]);
});

test("a server that does not start is one message with the way out", async () => {
  failure = new Error("spawn ENOENT");
  await seen.commands["cfgtool.restart"]();
  assert.strictEqual(
    seen.errors[0],
    "'/opt/cfgtool lsp' does not start: spawn ENOENT; pip install 'cfgtool[lsp]', or set cfgtool.path",
  );
});

test("it ends the client when it is deactivated", async () => {
  failure = undefined;
  await seen.commands["cfgtool.restart"]();
  await extension.deactivate();
  assert.ok(seen.clients.at(-1).disposed);
});

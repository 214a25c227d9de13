// Starts `cfgtool lsp` and hands it the settings; everything else is the server's.
"use strict";

const vscode = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

const WATCHED = "**/{*.pbtxt,*.index,cfgtool.toml,pyproject.toml}";
let client;

async function start() {
  const settings = vscode.workspace.getConfiguration("cfgtool");
  const command = settings.get("path") || "cfgtool";
  client = new LanguageClient(
    "cfgtool",
    "cfgtool",
    { command, args: ["lsp"], transport: TransportKind.stdio },
    {
      documentSelector: [{ language: "pipeline-config" }],
      initializationOptions: { target: settings.get("target"), rulePages: settings.get("rulePages") },
      synchronize: {
        configurationSection: "cfgtool",
        fileEvents: vscode.workspace.createFileSystemWatcher(WATCHED),
      },
    },
  );
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    const way = "pip install 'cfgtool[lsp]', or set cfgtool.path";
    vscode.window.showErrorMessage(`'${command} lsp' does not start: ${error.message}; ${way}`);
  }
}

async function stop() {
  const running = client;
  client = undefined;
  await running?.dispose();
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("cfgtool.restart", async () => {
      await stop();
      await start();
    }),
  );
  await start();
}

module.exports = { activate, deactivate: stop };

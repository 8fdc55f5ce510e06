#!/usr/bin/env node
// Plain JavaScript for any Node: the lab itself needs a newer one, and with an older one its database would crash the
// process rather than say so. Starts the terminal host here, or again with the Node that the project brings along.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_API_NEEDED = 10;
const folder = fileURLToPath(new URL(".", import.meta.url));
const brought = join(folder, "..", "..", "node_modules", ".bin", "node");
const runsTypeScript = Boolean(process.features.typescript);

if (Number(process.versions.napi) >= NODE_API_NEEDED && runsTypeScript) {
  const { main } = await import("./terminal/main.ts");
  process.exitCode = await main(process.argv.slice(2));
} else if (existsSync(brought) && process.env.RESILIENCE_LAB_RELAUNCHED === undefined) {
  const child = spawn(brought, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, RESILIENCE_LAB_RELAUNCHED: "1" },
  });
  // The terminal signals both; the child decides when to end, and this process follows it.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
  });
} else {
  console.error(`Resilience Lab needs Node 22.18 or newer; this is ${process.version}.`);
  console.error("Install a newer Node, or run `npm ci` again so that the project brings its own.");
  process.exitCode = 2;
}

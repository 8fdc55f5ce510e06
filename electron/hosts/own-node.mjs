// Plain JavaScript for any Node: the lab itself needs a newer one, and with an older one its database module would crash
// the process without a message.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_API_NEEDED = 10;
/** Longer ones are taken for 1 ms. */
const LONGEST_INTERVAL_MS = 2 ** 31 - 1;
/** By its end a command has saved and restored everything: a connection that is still open then must not keep the process. */
const LEFT_OPEN_MS = 5_000;
/** Compiled modules are cached beside their sources, so that `halt` starts fast. */
const compiled = fileURLToPath(new URL(join("..", "..", "node_modules", ".cache", "compiled"), import.meta.url));
const brought = fileURLToPath(new URL(join("..", "..", "node_modules", ".bin", "node"), import.meta.url));

/**
 * Runs `main(args)` here, or the whole script again with the Node that the project installs.
 *
 * @param {string} script the caller's import.meta.url
 * @param {() => Promise<(args: string[]) => Promise<number>>} load loads what needs the newer Node
 */
export async function runOnOwnNode(script, load) {
  const args = process.argv.slice(2);
  // Reports and bundles contain output of a stack: readable by their owner only.
  process.umask(0o077);
  if (Number(process.versions.napi) >= NODE_API_NEEDED && process.features.typescript) {
    module.enableCompileCache(compiled);
    // What a command waits for may hold nothing by itself, such as a time limit: the process lives until the command ends.
    const alive = setInterval(() => {}, LONGEST_INTERVAL_MS);
    try {
      const main = await load();
      process.exitCode = await main(args);
    } finally {
      clearInterval(alive);
      setTimeout(endWithLeftOpen, LEFT_OPEN_MS).unref();
    }
  } else if (existsSync(brought) && process.env.RESILIENCE_LAB_RELAUNCHED === undefined) {
    const child = spawn(brought, [fileURLToPath(script), ...args], {
      stdio: "inherit",
      env: { ...process.env, RESILIENCE_LAB_RELAUNCHED: "1" },
    });
    // The terminal signals both processes; the child decides when to end, and this one ends with it.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
    child.on("exit", (code, signal) => {
      process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
    });
  } else {
    console.error(`Resilience Lab needs Node 22.18 or newer; this is ${process.version}.`);
    console.error("Install a newer Node, or run `npm ci` again so that the project brings its own.");
    process.exitCode = 2;
  }
}

function endWithLeftOpen() {
  const kinds = [...new Set(process.getActiveResourcesInfo())].filter(
    (kind) => !/^(Timeout|Immediate|TTYWrap)$/.test(kind),
  );
  console.error(`resilience-lab: ended, although something was still open: ${kinds.join(", ")}`);
  process.exit();
}

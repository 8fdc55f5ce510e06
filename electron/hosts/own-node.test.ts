import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";

/** A process that runs a command of these statements. */
function run(statements: string) {
  const script = join(temporaryFolder(), "command.mjs");
  const ownNode = pathToFileURL(join(import.meta.dirname, "own-node.mjs")).href;
  writeFileSync(
    script,
    `import { createServer } from "node:net";
     import { runOnOwnNode } from "${ownNode}";
     await runOnOwnNode(import.meta.url, async () => async () => { ${statements} return 3; });`,
  );
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("a command that waits for nothing but a time limit that holds no process is waited for", () => {
  const waits = "new Promise((resolve) => AbortSignal.timeout(50).addEventListener('abort', resolve))";
  expect(run(`await ${waits}; console.log("done");`)).toEqual({ status: 3, stdout: "done\n", stderr: "" });
});

test("a command that has left something open ends all the same, with its exit code, and says what it was", () => {
  expect(run(`createServer().listen(0, "127.0.0.1"); console.log("done");`)).toEqual({
    status: 3,
    stdout: "done\n",
    stderr: expect.stringMatching(/^resilience-lab: ended, although something was still open: .*TCPServerWrap\n$/),
  });
});

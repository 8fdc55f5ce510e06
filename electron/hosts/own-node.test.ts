import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";

test("a command that waits for nothing but a time limit that holds no process is waited for", () => {
  const script = join(temporaryFolder(), "command.mjs");
  const ownNode = pathToFileURL(join(import.meta.dirname, "own-node.mjs")).href;
  const waits = "new Promise((resolve) => AbortSignal.timeout(50).addEventListener('abort', resolve))";
  writeFileSync(
    script,
    `import { runOnOwnNode } from "${ownNode}";
     await runOnOwnNode(import.meta.url, async () => async () => { await ${waits}; console.log("done"); return 3; });`,
  );
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8" });
  expect({ status, stdout, stderr }).toEqual({ status: 3, stdout: "done\n", stderr: "" });
});

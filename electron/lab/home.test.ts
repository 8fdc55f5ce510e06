import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";

test("a data folder can be opened in a worker thread, which cannot set the umask", async () => {
  const source = `import(${JSON.stringify(join(import.meta.dirname, "home.ts"))})
    .then(({ openHome }) => openHome(${JSON.stringify(temporaryFolder())}))
    .then(({ folder }) => require("node:worker_threads").parentPort.postMessage(folder))`;
  const thread = new Worker(source, { eval: true });
  const [folder] = await once(thread, "message");
  expect(folder).toContain("/");
});

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { findComposeTool, runCompose } from "./compose-tool.ts";

const never = new AbortController().signal;

/** Programs of these names, each a shell script, and nothing else but what a shell needs. */
function machine(programs: Record<string, string>) {
  const folder = temporaryFolder();
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o700);
  }
  const file = join(folder, "compose.yaml");
  writeFileSync(file, "services: {}\n");
  return { folder, file, environment: { PATH: `${folder}:/bin:/usr/bin` } };
}

const NO_PLUGIN = 'echo "docker: unknown command" >&2; exit 1';

test("the plugin is taken before the program of its own, and without both there is none", async () => {
  const both = machine({ docker: "echo v2.29.1", "docker-compose": "echo 1.29.2" });
  expect(await findComposeTool(both.environment)).toEqual({ command: ["docker", "compose"], version: "v2.29.1" });
  const old = machine({ docker: NO_PLUGIN, "docker-compose": "echo 1.29.2" });
  expect(await findComposeTool(old.environment)).toEqual({ command: ["docker-compose"], version: "1.29.2" });
  const none = machine({ docker: NO_PLUGIN });
  expect(await findComposeTool({ PATH: none.folder })).toBeUndefined();
});

test("it is run in the project's folder with the project's name and files, and each line is passed on", async () => {
  const { folder, file, environment } = machine({ tool: 'pwd; echo "$@"; printf "half" >&2' });
  const lines: string[] = [];
  const tool = { command: [join(folder, "tool"), "compose"] as const, version: "1" };
  await runCompose(tool, { project: "theirs; rm -rf /", files: [file, file] }, "up", {
    environment,
    signal: never,
    onLine: (line) => lines.push(line),
  });
  expect(lines.sort()).toEqual([folder, `compose -p theirs; rm -rf / -f ${file} -f ${file} up -d`, "half"].sort());
});

test("a tool that fails is an error with its last lines, and a project whose file is gone is never given to it", async () => {
  const { folder, file, environment } = machine({ tool: "echo no such image >&2; exit 17" });
  const tool = { command: [join(folder, "tool")] as const, version: "1" };
  const options = { environment, signal: never, onLine: () => {} };
  await expect(runCompose(tool, { project: "theirs", files: [file] }, "stop", options)).rejects.toThrow(
    /stop ended with 17; its last lines:\n {4}no such image/,
  );
  const gone = { project: "theirs", files: [join(folder, "gone.yaml")] };
  await expect(runCompose(tool, gone, "up", options)).rejects.toThrow(`${join(folder, "gone.yaml")} is not there`);
});

test("a tool that is cancelled is ended as Ctrl-C ends it", async () => {
  const { folder, file, environment } = machine({
    tool: 'trap "echo stopping; exit 130" INT; echo begun; while :; do sleep 0.05; done',
  });
  const cancel = new AbortController();
  const lines: string[] = [];
  const tool = { command: [join(folder, "tool")] as const, version: "1" };
  const onLine = (line: string) => {
    lines.push(line);
    if (line === "begun") cancel.abort(new Error("cancelled"));
  };
  const asked = runCompose(tool, { project: "a", files: [file] }, "up", { environment, signal: cancel.signal, onLine });
  await expect(asked).rejects.toThrow("cancelled");
  expect(lines).toEqual(["begun", "stopping"]);
});

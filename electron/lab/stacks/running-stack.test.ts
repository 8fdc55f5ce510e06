import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { openJournal } from "../journal/journal.ts";
import { StackRegister } from "../journal/stack-register.ts";
import type { Engine } from "./docker/engine.ts";
import { RunningStack } from "./running-stack.ts";
import { loadStack } from "./stack-file.ts";

test.each<[string, Engine | undefined]>([
  ["processes", undefined],
  ["Docker, whose engine is not even asked", {} as Engine],
])("a service that publishes no port is refused before anything is started on %s", async (_where, engine) => {
  const folder = temporaryFolder();
  const file = join(folder, "stack.yaml");
  const xLab = { role: "other", probe: { http: "/" }, process: { command: ["node"] } };
  writeFileSync(file, JSON.stringify({ services: { web: { image: "web", "x-lab": xLab } } }));
  const journal = openJournal(join(folder, "journal.db"));
  onTestFinished(() => journal.close());
  const register = new StackRegister(journal);
  const up = RunningStack.up(loadStack(file, {}), {
    register,
    stacksFolder: join(folder, "stacks"),
    ports: "auto",
    kept: false,
    environment: {},
    signal: new AbortController().signal,
    ...(engine === undefined ? {} : { engine }),
  });
  await expect(up).rejects.toMatchObject({
    message: "web publishes no port, so the lab cannot reach it",
    hint: expect.stringContaining("publish it"),
  });
  expect(register.list()).toEqual([]);
});

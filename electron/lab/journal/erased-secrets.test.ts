import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { FaultJournal } from "./fault-journal.ts";
import { openJournal } from "./journal.ts";
import { StackRegister } from "./stack-register.ts";

// As a person sets it in the environment: the file of generated secrets does not have it.
const TOKEN = "of-the-person-7c1e";

test("a stack that is gone leaves no secret that a person set in the journal, also while labs have it open", () => {
  const file = join(temporaryFolder(), "journal.db");
  const [journal, watchdog] = [openJournal(file), openJournal(file)];
  onTestFinished(() => {
    journal.close();
    watchdog.close();
  });
  const bytes = () => [file, `${file}-wal`].map((name) => (existsSync(name) ? readFileSync(name) : Buffer.of()));
  const [register, faults] = [new StackRegister(journal), new FaultJournal(journal)];
  const stack = { id: "s", project: "p", file: "/f", kept: true, attached: false, docker: undefined, ports: {} };
  register.add({ ...stack, without: [] });
  for (const service of ["gateway", "agent"]) {
    const launch = {
      command: ["node"],
      environment: { CONTROL_TOKEN: TOKEN },
      folder: "/",
      logFile: { stdout: "o", stderr: "e" },
    };
    register.setProcess("s", service, { ...launch, stopSignal: "SIGTERM", stopGraceMs: 1 }, undefined);
  }
  const identity = { kind: "link", api: "http://127.0.0.1:1", service: "fault-proxy", token: TOKEN } as const;
  const times = { intendedWallMs: 0, expiresWallMs: 1 };
  faults.intend({
    id: "f",
    runId: "r",
    stackId: "s",
    kind: "latency",
    target: "a->b",
    identity,
    undo: "remove",
    ...times,
  });
  expect(new FaultJournal(watchdog).open("s")).toHaveLength(1);
  expect(bytes().some((each) => each.includes(TOKEN))).toBe(true);

  register.remove("s");
  faults.forget("s");
  expect(bytes().map((each) => each.includes(TOKEN))).toEqual([false, false]);
});

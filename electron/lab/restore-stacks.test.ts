import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { writeSmallStack } from "../testing/small-stack.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { openJournal } from "./journal/journal.ts";
import { StackRegister } from "./journal/stack-register.ts";
import { Lab } from "./lab.ts";
import { RunningStack } from "./stacks/running-stack.ts";
import { loadStack } from "./stacks/stack-file.ts";

test("what is broken on every stack that is left up is restored, although one of them cannot be read", async () => {
  const environment = { ...process.env, RESILIENCE_LAB_HOME: temporaryFolder() };
  const lab = await Lab.open(environment);
  const journal = openJournal(lab.home.journalFile);
  const register = new StackRegister(journal);
  onTestFinished(async () => {
    journal.close();
    await lab.close();
  });
  const folder = temporaryFolder();
  const up = async (project: string) => {
    mkdirSync(join(folder, project));
    const running = await RunningStack.up(
      { ...loadStack(writeSmallStack(join(folder, project)), environment), project },
      {
        register,
        stacksFolder: lab.home.stacksFolder,
        ports: "auto",
        kept: true,
        environment,
        signal: AbortSignal.timeout(30_000),
      },
    );
    onTestFinished(() => running.down());
    return running;
  };
  const gone = { id: "gone-1", project: "gone", file: join(folder, "nowhere.yaml"), kept: true, attached: false };
  register.add({ ...gone, docker: undefined, ports: {}, without: [] });
  const [one, other] = [await up("one"), await up("other")];

  await one.driver.pause("server");
  await other.driver.stop("caller");
  const { signal } = new AbortController();
  const restored = await lab.work("restoring", signal, (session) => session.restore(undefined, signal));
  expect(restored).toEqual([
    { project: "gone", restored: [], left: { broken: [], unread: [expect.stringContaining("nowhere.yaml")] } },
    { project: "one", restored: [{ what: "server is paused" }], left: { broken: [], unread: [] } },
    { project: "other", restored: [{ what: "caller is stopped" }], left: { broken: [], unread: [] } },
  ]);
  expect((await one.driver.stateOf("server")).is).toBe("running");
  expect((await other.driver.stateOf("caller")).is).toBe("running");
});

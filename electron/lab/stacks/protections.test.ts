import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { openJournal } from "../journal/journal.ts";
import { StackRegister } from "../journal/stack-register.ts";
import { RunningStack } from "./running-stack.ts";
import { loadStack } from "./stack-file.ts";

/** Says which of its protections are off, and is only up while the file `may-start` is there. */
const SERVICE = `
import { createServer } from "node:http";
import { existsSync } from "node:fs";
createServer((request, response) => {
  response.writeHead(existsSync("may-start") ? 200 : 503).end(process.env.OFF ?? "");
}).listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
`;
const never = new AbortController().signal;

/** A stack of two real processes, each with the protection "caution". */
async function stackOfTwo() {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "service.mjs"), SERVICE);
  const service = (name: string) => ({
    ports: ["127.0.0.1:0:80"],
    "x-lab": {
      role: "other",
      probe: { http: "/" },
      protections: { environment: "OFF", names: ["caution"] },
      process: { command: ["node", join(folder, "service.mjs")], environment: { PORT: "{port}", NAME: name } },
    },
  });
  const file = join(folder, "stack.yaml");
  writeFileSync(file, JSON.stringify({ services: { first: service("first"), second: service("second") } }));
  const gate = join(folder, "may-start");
  writeFileSync(gate, "");
  const journal = openJournal(join(folder, "journal.db"));
  const register = new StackRegister(journal);
  const options = { register, stacksFolder: join(folder, "stacks"), environment: process.env, signal: never };
  const running = await RunningStack.up(loadStack(file, process.env), { ...options, ports: "auto", kept: true });
  onTestFinished(async () => {
    await running.down();
    journal.close();
  });
  const saidOff = async (name: string) =>
    (await fetch(`http://${running.address(name)}/`).catch(() => undefined))?.text() ?? "no answer";
  return { running, register, saidOff, gate };
}

test("after a switch that was cancelled half-way nothing is believed: the next one to the same is carried out", async () => {
  const { running, register, saidOff, gate } = await stackOfTwo();
  const recorded = () => register.list().map(({ without }) => without);
  rmSync(gate);
  const cancel = new AbortController();
  const switching = running.setProtectionsOff(["caution"], cancel.signal);
  await expect.poll(() => saidOff("first")).toBe("caution");
  cancel.abort(new Error("cancelled"));
  await expect(switching).rejects.toThrow("cancelled");
  expect(await saidOff("second")).toBe("");
  expect(recorded()).toEqual([undefined]);
  writeFileSync(gate, "");

  await running.setProtectionsOff(["caution"], never);
  expect([await saidOff("first"), await saidOff("second")]).toEqual(["caution", "caution"]);
  expect(recorded()).toEqual([["caution"]]);
});

test("after one that was cancelled they are switched on again when that is asked for", async () => {
  const { running, saidOff, gate } = await stackOfTwo();
  rmSync(gate);
  const cancel = new AbortController();
  const switching = running.setProtectionsOff(["caution"], cancel.signal);
  await expect.poll(() => saidOff("first")).toBe("caution");
  cancel.abort(new Error("cancelled"));
  await expect(switching).rejects.toThrow("cancelled");
  writeFileSync(gate, "");
  await running.setProtectionsOff([], never);
  expect([await saidOff("first"), await saidOff("second")]).toEqual(["", ""]);
});

test("what is switched as it is asked for already restarts nothing", async () => {
  const { running } = await stackOfTwo();
  const before = await running.driver.stateOf("first");
  await running.setProtectionsOff([], never);
  expect(await running.driver.stateOf("first")).toEqual(before);
});

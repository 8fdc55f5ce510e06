import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { serviceProcesses } from "../../testing/service-processes.ts";
import type { RegisteredStack } from "../journal/stack-register.ts";
import { endProcesses } from "./process-backend.ts";

/** Says up; when it is asked to stop it says so, waits for what another says, and says bye. */
const waitingFor = (file: string, text: string) => `
  const { readFileSync } = require("node:fs");
  const isSaid = () => readFileSync(${JSON.stringify(file)}, "utf8").includes(${JSON.stringify(text)});
  process.on("SIGTERM", () => {
    console.log("stopping");
    const look = () => (isSaid() ? (console.log("bye"), process.exit(0)) : setTimeout(look, 5));
    look();
  });
  console.log("up");
  setInterval(() => {}, 1e6);`;

const read = (file: string) => readFileSync(file, "utf8");

/** Three services in the order of their start: a database, who needs it, and one that nobody needs. */
async function threeServices(needsOf: Record<string, string[] | undefined>) {
  const services = serviceProcesses({ database: "", caller: "", other: "" });
  const out = (service: string) => services.logOf(service, "stdout");
  const programs: Record<string, string> = {
    database: waitingFor(out("caller"), "bye"),
    caller: waitingFor(out("other"), "stopping"),
    other: waitingFor(out("caller"), "stopping"),
  };
  for (const { service, launch } of services.register.processes(services.stackId)) {
    const needs = needsOf[service];
    const command = ["node", "-e", programs[service] ?? ""];
    const changed = { ...launch, command, stopGraceMs: 60_000, ...(needs === undefined ? {} : { needs }) };
    services.register.setProcess(services.stackId, service, changed, undefined);
    await services.driver.start(service);
    await expect.poll(() => read(out(service))).toContain("up");
  }
  const registered = { id: services.stackId, project: "test" } as RegisteredStack;
  const reported: string[] = [];
  const end = () =>
    endProcesses(registered, services.register, join(services.folder, "stacks"), ({ service, state }) =>
      reported.push(`${service} ${state}`),
    );
  return { end, reported };
}

test("services are stopped all at once, but each only after those that need it", async () => {
  const { end, reported } = await threeServices({ database: [], caller: ["database"], other: [] });
  // Each of the two that nobody needs ends only once the other has been asked to: one after the other they never would.
  await end();
  expect(reported.slice(0, 2).sort()).toEqual(["caller stopping", "other stopping"]);
  expect(reported.indexOf("database stopping")).toBeGreaterThan(reported.indexOf("caller stopped"));
  expect(reported).toHaveLength(6);
});

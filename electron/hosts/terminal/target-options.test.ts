import { expect, test } from "vitest";
import { targetOf } from "./target-options.ts";

const RUN = { start: "attach or bring up", keep: false } as const;
const UP = { start: "bring up", keep: true } as const;
const ENGINE = { by: "environment", allowRemote: false };

test.each([
  ["nothing", {}, RUN, { source: { is: "reference" }, driver: "any", start: "attach or bring up", keep: false }],
  ["a file", { stack: "a.yaml" }, RUN, { source: { is: "compose file", file: "a.yaml" }, driver: "any" }],
  ["processes", { driver: "process" }, RUN, { source: { is: "reference" }, driver: "process" }],
  ["Docker", { driver: "docker" }, RUN, { source: { is: "reference" }, driver: "docker", engine: ENGINE }],
  ["a project that is up", { project: "p" }, RUN, { source: { is: "project", project: "p" }, driver: "docker" }],
  [
    "a project that is up, and its file",
    { project: "p", stack: "a.yaml" },
    RUN,
    { source: { is: "project", project: "p", file: "a.yaml" }, engine: ENGINE },
  ],
  [
    "the name of a project to bring up",
    { project: "p", stack: "a.yaml" },
    UP,
    { source: { is: "compose file", file: "a.yaml", project: "p" }, driver: "docker", keep: true },
  ],
])("%s on the command line is a run target", (_what, args, rest, target) => {
  expect(targetOf({ "allow-remote-docker": false, ...args }, rest)).toMatchObject(target);
});

test("a project cannot be combined with the process driver", () => {
  const args = { project: "p", driver: "process", "allow-remote-docker": false };
  expect(() => targetOf(args, RUN)).toThrow("--project is a compose project on Docker");
});

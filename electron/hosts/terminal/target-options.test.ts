// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables as a person writes them
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REFERENCE_STACK_FILE as LAB_FILE } from "../../lab/stacks/reference-stack.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { type TargetValues, targetOf } from "./target-options.ts";

const RUN = { start: "attach or bring up", keep: false } as const;
const UP = { start: "bring up", keep: true } as const;
const ENGINE = { by: "environment", allowRemote: false };

test.each([
  ["nothing", {}, RUN, { source: { is: "reference" }, driver: "any", start: "attach or bring up", keep: false }],
  ["a file", { stack: [LAB_FILE] }, RUN, { source: { is: "compose file", file: LAB_FILE }, driver: "any" }],
  ["processes", { driver: "process" }, RUN, { source: { is: "reference" }, driver: "process" }],
  ["Docker", { driver: "docker" }, RUN, { source: { is: "reference" }, driver: "docker", engine: ENGINE }],
  ["a project that is up", { project: "p" }, RUN, { source: { is: "project", project: "p" }, driver: "docker" }],
  [
    "a project that is up, and its file",
    { project: "p", stack: [LAB_FILE] },
    RUN,
    { source: { is: "project", project: "p", files: [LAB_FILE] }, engine: ENGINE, start: "attach" },
  ],
  [
    "the reference stack under another name",
    { project: "p", driver: "docker" },
    UP,
    { source: { is: "reference", project: "p" }, driver: "docker", start: "bring up" },
  ],
  [
    "a project that compose brings up",
    { project: "p" },
    UP,
    { source: { is: "project", project: "p" }, driver: "docker", start: "attach" },
  ],
  [
    "a gateway",
    { gateway: "https://gateway.example:8443/team/mcp", header: ["Authorization=Bearer ${TOKEN}", "X-Key=${KEY}"] },
    RUN,
    {
      source: {
        is: "gateway",
        url: "https://gateway.example:8443/team/mcp",
        headers: { Authorization: "Bearer ${TOKEN}", "X-Key": "${KEY}" },
      },
      driver: "process",
      start: "attach or bring up",
    },
  ],
  [
    "the name of a project to bring up",
    { project: "p", stack: [LAB_FILE] },
    UP,
    { source: { is: "compose file", file: LAB_FILE, project: "p" }, driver: "docker", keep: true },
  ],
])("%s on the command line is a run target", (_what, args, rest, target) => {
  expect(targetOf({ "allow-remote-docker": false, ...args }, rest)).toMatchObject(target);
});

test("a compose file of someone else's is a project that compose brings up, by the name that compose gives it", () => {
  const folder = join(temporaryFolder(), "My Shop");
  mkdirSync(folder);
  const write = (name: string, text: string) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  const plain = write("compose.yaml", "services: { web: { image: web } }\n");
  const named = write("more.yaml", "name: shop-of-${WHOM:-all}\nservices: { api: { image: api } }\n");
  const read = (stack: string[], rest: typeof RUN | typeof UP = RUN) =>
    targetOf({ "allow-remote-docker": false, stack }, rest, {});
  const project = (name: string, files: string[]) => ({
    source: { is: "project", project: name, files },
    start: "attach",
  });
  expect(read([plain])).toMatchObject(project("myshop", [plain]));
  expect(read([plain], UP)).toMatchObject(project("myshop", [plain]));
  expect(read([plain, named])).toMatchObject(project("shop-of-all", [plain, named]));
  write(".env", "COMPOSE_PROJECT_NAME=by-env\n");
  expect(read([plain, named])).toMatchObject(project("by-env", [plain, named]));
});

test.each<[string, Partial<TargetValues>, RegExp]>([
  ["a project on the process driver", { project: "p", driver: "process" }, /a compose project is on Docker/],
  ["a gateway and a project", { gateway: "http://g", project: "p" }, /takes no --stack, --project or --driver/],
  ["a header without a gateway", { header: ["A=${B}"] }, /--header is about a gateway/],
  [
    "what is no address",
    { gateway: "gateway.example" },
    /--gateway cannot be used: url: expected an http or https URL/,
  ],
  ["an address with a password", { gateway: "https://me:secret@g/mcp" }, /without a user/],
  ["an address with a key", { gateway: "https://g/mcp?key=secret" }, /without a user, a query/],
  ["a header with its value", { gateway: "http://g", header: ["Authorization=Bearer abc"] }, /expected a variable/],
  ["a header that is none", { gateway: "http://g", header: ["A B=${C}"] }, /--header cannot be used/],
])("%s is refused", (_what, values, message) => {
  expect(() => targetOf({ "allow-remote-docker": false, ...values }, RUN)).toThrow(message);
});

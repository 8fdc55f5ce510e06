import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { addressOf, makeLaunch } from "./launch.ts";
import { loadStack, serviceNamed } from "./stack-file.ts";

const ports = { caller: 9001, db: 9002 };

function stackWith(callerFields: string) {
  const folder = temporaryFolder();
  const file = join(folder, "compose.yaml");
  writeFileSync(
    file,
    `services:
  caller:
    image: x
    ports: ["127.0.0.1:9001:80"]
    ${callerFields}
  db:
    image: x
    ports: ["127.0.0.1:9002:5432"]
    x-lab: { role: other, probe: { tcp: true } }
  inner:
    image: x
    x-lab: { role: other, probe: { tcp: true }, process: { command: [x] } }
x-lab: { links: [{ name: caller->db, listen: "db:80", upstream: "db:5432" }] }
`,
  );
  return { folder, stack: loadStack(file, {}) };
}

function launchOf(environment: Record<string, string>, own = "{}", here: NodeJS.ProcessEnv = {}) {
  const process = `process: { command: [node, "{data}/x.mjs", "{address}"], environment: ${own} }`;
  const { folder, stack } = stackWith(
    `environment: ${JSON.stringify(environment)}\n    x-lab: { role: other, probe: { tcp: true }, ${process} }`,
  );
  return { folder, launch: makeLaunch(stack, serviceNamed(stack, "caller"), { folder, ports, environment: here }) };
}

test("a callee's address becomes the one on this machine, wherever it stands in a value", () => {
  const { launch } = launchOf({
    A: "http://db:80/x",
    B: "db:80",
    C: "one=http://db:80,two=http://db:80",
    D: "x@db:80",
  });
  expect(launch.environment).toMatchObject({
    A: "http://127.0.0.1:9002/x",
    B: "127.0.0.1:9002",
    C: "one=http://127.0.0.1:9002,two=http://127.0.0.1:9002",
    D: "x@127.0.0.1:9002",
  });
});

test("an address that only contains it is another one and stays", () => {
  const others = { A: "http://db:8080", B: "http://my-db:80", C: "my.db:80", D: "dbx:80" };
  expect(launchOf(others).launch.environment).toMatchObject(others);
});

test("its own folder, port and address are filled in, and the folder is there", () => {
  const { folder, launch } = launchOf({}, '{ PORT: "{port}", DATA: "{data}", SELF: "http://{address}/" }');
  const data = join(folder, "data", "caller");
  expect(launch.environment).toEqual({ PORT: "9001", DATA: data, SELF: "http://127.0.0.1:9001/" });
  expect(launch.command).toEqual(["node", `${data}/x.mjs`, "127.0.0.1:9001"]);
  expect(existsSync(data)).toBe(true);
});

test("how it is run here goes before compose's environment; of the shell it has only what programs need", () => {
  const { launch } = launchOf({ HOST: "0.0.0.0", MODE: "a" }, '{ HOST: "127.0.0.1" }', { PATH: "/bin", SECRET: "x" });
  expect(launch.environment).toEqual({ PATH: "/bin", HOST: "127.0.0.1", MODE: "a" });
});

test("a service that cannot be run or reached is named, with what to add to the stack file", () => {
  const { folder, stack } = stackWith("x-lab: { role: other, probe: { tcp: true } }");
  const place = { folder, ports, environment: {} };
  expect(() => makeLaunch(stack, serviceNamed(stack, "db"), place)).toThrow("db has no x-lab.process");
  expect(() => addressOf(serviceNamed(stack, "inner"), ports)).toThrow(
    expect.objectContaining({
      message: expect.stringContaining("inner publishes no port"),
      hint: expect.stringContaining("publish it"),
    }),
  );
});

import { execFile } from "node:child_process";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { loadStack } from "../stacks/stack-file.ts";
import { StackSecrets } from "./stack-secrets.ts";

test("each name has a random value, generated once and different in each folder", () => {
  const folder = temporaryFolder();
  const first = new StackSecrets(folder).make(["A", "B"]);
  const again = new StackSecrets(folder).make(["B", "A", "C"]);
  expect(again).toMatchObject(first);
  expect(new Set(Object.values(again)).size).toBe(3);
  expect(new StackSecrets(temporaryFolder()).make(["A"]).A).not.toBe(first.A);
  expect(statSync(join(folder, "secrets.env")).mode & 0o777).toBe(0o600);
});

test("processes that create the file concurrently all have the same values", async () => {
  const folder = temporaryFolder();
  const script = `import { StackSecrets } from ${JSON.stringify(join(import.meta.dirname, "stack-secrets.ts"))};
    console.log(new StackSecrets(${JSON.stringify(folder)}).make(["A"]).A);`;
  const run = promisify(execFile);
  const runs = await Promise.all(
    Array.from({ length: 6 }, () => run(process.execPath, ["--input-type=module", "-e", script])),
  );
  expect(new Set(runs.map(({ stdout }) => stdout.trim()))).toEqual(new Set([new StackSecrets(folder).make(["A"]).A]));
});

test("stored text has the name instead of the value, and is read with the value", () => {
  const secrets = new StackSecrets(temporaryFolder());
  const text = (value: string) => `{"url":"postgres://lab:${value}@h/d"}`;
  expect(secrets.conceal(text("x"))).toBe(text("x"));
  const { A = "" } = secrets.make(["A"]);
  expect(secrets.conceal(text(A))).toBe(text("{secret:A}"));
  expect(secrets.reveal(text("{secret:A}"))).toBe(text(A));
  expect(secrets.reveal("{secret:B}")).toBe("{secret:B}");
});

test("a stack file's secrets are generated where nothing sets them; values of the environment or .env are used as they are", () => {
  const folder = temporaryFolder();
  const environment = { RESILIENCE_LAB_HOME: join(folder, "home"), B: "of the person" };
  const file = join(folder, "compose.yaml");
  const source = `services:
  s: { environment: { A: "\${A:?}", B: "\${B:?}" }, x-lab: { role: other, token: "\${A:?}", probe: { http: / } } }
x-lab: { secrets: [A, B] }
`;
  writeFileSync(file, source);
  const [service] = loadStack(file, environment).services;
  const kept = readFileSync(join(folder, "home", "secrets.env"), "utf8");
  expect(service?.environment).toEqual({ A: expect.stringMatching(/^[0-9a-f]{64}$/), B: "of the person" });
  expect(service?.token).toBe(service?.environment.A);
  expect(kept).toBe(`A=${service?.environment.A}\n`);
});

test.runIf(process.getuid?.() !== 0)("a folder that cannot be written is named in the error", () => {
  const folder = temporaryFolder();
  chmodSync(folder, 0o500);
  expect(() => new StackSecrets(folder).make(["A"])).toThrow(/secrets cannot be stored in .*secrets\.env/);
});

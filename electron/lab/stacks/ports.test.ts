import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { choosePorts } from "./ports.ts";
import { loadStack } from "./stack-file.ts";

function stackWith(ports: Record<string, number | undefined>) {
  const services = Object.entries(ports).map(
    ([name, port]) => `  ${name}:
    image: x
${port === undefined ? "" : `    ports: ["127.0.0.1:${port}:80"]\n`}    x-lab: { role: other, probe: { tcp: true } }
`,
  );
  const file = join(temporaryFolder(), "compose.yaml");
  writeFileSync(file, `services:\n${services.join("")}`);
  return loadStack(file, {});
}

async function listen(host = "127.0.0.1"): Promise<{ port: number; server: Server }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, server };
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const { port, server } = await listen();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("the ports of the file when they are free; services without one have none", async () => {
  const port = await freePort();
  expect(await choosePorts(stackWith({ a: port, b: undefined }), "fixed")).toEqual({ a: port });
});

test("all taken ports at once, each with its service, and what to do", async () => {
  const [one, two, free] = [await listen(), await listen("0.0.0.0"), await freePort()];
  const stack = stackWith({ a: one.port, b: free, c: two.port });
  await expect(choosePorts(stack, "fixed")).rejects.toThrow(
    expect.objectContaining({
      code: "port-taken",
      message: `already in use on 127.0.0.1: port ${one.port} (a), ${two.port} (c)`,
      hint: expect.stringContaining("--ports auto"),
    }),
  );
});

test("auto: a free one each, none twice, and not the one that is taken", async () => {
  const { port } = await listen();
  const names = Array.from({ length: 12 }, (_, at) => `s${at}`);
  const ports = await choosePorts(stackWith(Object.fromEntries(names.map((name) => [name, port]))), "auto");
  expect(Object.keys(ports)).toEqual(names);
  expect(new Set(Object.values(ports)).size).toBe(12);
  expect(Object.values(ports)).not.toContain(port);
  for (const chosen of Object.values(ports)) expect(chosen).toBeGreaterThan(0);
});

test("a free port is none that the system gives away by itself before its service listens", async () => {
  const given = await Promise.all(Array.from({ length: 50 }, () => listen()));
  const lowestGiven = Math.min(...given.map(({ port }) => port));
  const names = Array.from({ length: 12 }, (_, at) => `s${at}`);
  const auto = await choosePorts(stackWith(Object.fromEntries(names.map((name) => [name, 1]))), "auto");
  const open = await choosePorts(stackWith({ a: 0, b: 0 }), "fixed");
  for (const port of [...Object.values(auto), ...Object.values(open)]) expect(port).toBeLessThan(lowestGiven);
  expect(new Set(Object.values(open)).size).toBe(2);
});

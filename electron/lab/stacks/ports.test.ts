import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../resources/stack/http/testing/free-port.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { choosePorts, releasePorts } from "./ports.ts";
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

describe("between labs of one machine", () => {
  /** Another process that chooses ports for a stack and does not use them yet; answers with them or with the error. */
  async function anotherLab(stackFile: string, choice: string): Promise<{ child: ChildProcess; answer: string }> {
    const program = `
      import { loadStack } from ${JSON.stringify(join(import.meta.dirname, "stack-file.ts"))};
      import { choosePorts } from ${JSON.stringify(join(import.meta.dirname, "ports.ts"))};
      const chosen = choosePorts(loadStack(${JSON.stringify(stackFile)}, {}), ${JSON.stringify(choice)});
      process.stdout.write(await chosen.then((ports) => Object.values(ports).join(), String));
      process.stdin.resume();`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const [answer] = await once(child.stdout, "data");
    return { child, answer: String(answer) };
  }

  test("no two choose the same port, although nothing listens on them yet", async () => {
    const names = Array.from({ length: 200 }, (_, at) => `s${at}`);
    const stack = stackWith(Object.fromEntries(names.map((name) => [name, 1])));
    const others = await Promise.all(Array.from({ length: 4 }, () => anotherLab(stack.file, "auto")));
    const chosen = others.flatMap(({ answer }) => answer.split(","));
    expect(chosen).toHaveLength(800);
    expect(new Set(chosen).size).toBe(800);
  });

  test("one that names a port keeps it while its service is stopped, and until it ends or is killed", async () => {
    const port = await freePort();
    const stack = stackWith({ web: port });
    const { child, answer } = await anotherLab(stack.file, "fixed");
    expect(answer).toBe(String(port));
    await expect(choosePorts(stack, "fixed")).rejects.toThrow(`${port} (web)`);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await choosePorts(stack, "fixed")).toEqual({ web: port });
    await expect(choosePorts(stack, "fixed")).rejects.toThrow(`${port} (web)`);
    releasePorts({ web: port });
    expect(await choosePorts(stack, "fixed")).toEqual({ web: port });
  });
});

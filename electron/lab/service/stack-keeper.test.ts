import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { LabError } from "../lab-error.ts";
import type { RunningStack, UpOptions } from "../stack/running-stack.ts";
import type { Stack } from "../stack/stack-file.ts";
import { type KeeperParts, StackKeeper } from "./stack-keeper.ts";

const ENDED = new LabError("unhealthy", "web ended while it was starting");
const RUNNING = { health: { onTransition: () => {} }, registered: { kept: true }, close: async () => {} };

/** A keeper whose stack ends while it starts on its own ports; `meanwhile` happens just before. */
function keeperOf(hostPort: number, meanwhile: () => Promise<unknown>) {
  const asked: string[] = [];
  const stack = { services: [{ name: "web", port: { hostPort } }], links: [] } as unknown as Stack;
  const up = async ({ ports }: Pick<UpOptions, "ports">) => {
    asked.push(ports);
    if (ports === "auto") return RUNNING as unknown as RunningStack;
    await meanwhile();
    throw ENDED;
  };
  const wish = () => ({ kept: true, ports: "fixed or auto" as const });
  const rest = { journal: {}, onChange: () => {}, onUp: () => {}, onLeave: async () => {} };
  const keeper = new StackKeeper({ bench: { up }, stack, wish, ...rest } as unknown as KeeperParts);
  onTestFinished(() => keeper.close());
  return { keeper, asked };
}

/** Resolves to a port of its own. */
function listen(port: number): Promise<number> {
  const server = createServer();
  onTestFinished(() => void server.close());
  return new Promise((resolve) => {
    server.listen(port, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("a stack whose port another takes while it starts comes up on free ones", async () => {
  const port = await freePort();
  const { keeper, asked } = keeperOf(port, () => listen(port));
  await expect(keeper.up()).resolves.toBe(RUNNING);
  expect(asked).toEqual(["fixed", "auto"]);
});

test("one that ends for another reason is not tried again", async () => {
  const { keeper, asked } = keeperOf(await freePort(), async () => {});
  await expect(keeper.up()).rejects.toThrow(ENDED);
  expect(asked).toEqual(["fixed"]);
});

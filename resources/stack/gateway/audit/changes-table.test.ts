import { expect, it } from "vitest";
import { eventually } from "../testing/lab.ts";
import { setScene } from "../testing/scene.ts";

const scene = setScene();

it("each change of a backend's health and circuit is a row, in order", async () => {
  const gateway = await scene.launch({
    HEALTH_INTERVAL: "50ms",
    UNHEALTHY_THRESHOLD: "2",
    CIRCUIT_FAILURE_THRESHOLD: "3",
    CIRCUIT_TIMEOUT: "100ms",
  });
  const isOpen = (line: string) => line.includes("circuit closed -> open");
  const isClosed = (line: string) => line.includes("circuit half-open -> closed");
  await eventually(gateway.health, ({ backends }) => backends.test?.status === "healthy");
  await scene.backend.down();
  await eventually(
    () => gateway.log,
    (log) => log.some(isOpen),
  );
  await scene.backend.up();
  await eventually(
    () => gateway.log,
    (log) => log.some(isClosed),
  );
  await gateway.stop();
  const rows = await scene.postgres.query<{ backend: string; text: string; reason: string }>(
    "SELECT backend, concat_ws(' ', what, from_state, to_state) AS text, reason FROM backend_changes ORDER BY id",
  );
  expect(new Set(rows.map(({ backend }) => backend))).toEqual(new Set(["test"]));
  const texts = rows.map(({ text }) => text).filter((text) => text !== "health degraded healthy");
  // Trials that fail while it is down come between.
  expect(texts.filter((text) => !/^circuit (open half-open|half-open open)$/.test(text))).toEqual([
    "health unknown healthy",
    "health healthy unhealthy",
    "circuit closed open",
    "circuit half-open closed",
    "health unhealthy degraded",
  ]);
  expect(rows.find(({ text }) => text === "circuit closed open")?.reason).toBe(
    "3 probes in a row failed: connection refused",
  );
});

import { expect, test } from "vitest";
import { onStoreChange } from "./on-store-change.ts";
import { openStore } from "./testing/sqlite-under-test.ts";
import { newRun } from "./testing/store-under-test.ts";

test("a run that another thread or process stores is told", async () => {
  const store = await openStore();
  const { promise: told, resolve } = Promise.withResolvers<void>();
  const end = onStoreChange({ kind: "sqlite", file: store.file }, resolve);
  await store.begin(newRun("run-1"));
  await told;
  end?.();
});

test("a PostgreSQL tells nothing", () => {
  expect(
    onStoreChange({ kind: "postgres", url: "postgres://127.0.0.1/none", schema: "lab" }, () => {}),
  ).toBeUndefined();
});

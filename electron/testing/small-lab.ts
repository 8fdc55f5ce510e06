import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { SqliteRunStore } from "../lab/history/sqlite/sqlite-run-store.ts";
import { lastingFolder } from "./lasting-folder.ts";
import { bringUpSmallStack, type SmallStack } from "./small-stack.ts";

interface SmallLab {
  folder: string;
  stack: SmallStack;
  history: SqliteRunStore;
}

/** One small stack and one run history for all tests of a file, handed over before the first and ended after the last. */
export function onSmallLab(take: (lab: SmallLab) => void): void {
  const folder = lastingFolder();
  let lab: SmallLab | undefined;
  beforeAll(async () => {
    const stack = await bringUpSmallStack(folder);
    lab = { folder, stack, history: await SqliteRunStore.open(join(folder, "history.db")) };
    take(lab);
  });
  afterAll(async () => {
    await lab?.history.close();
    await lab?.stack.close();
  });
}

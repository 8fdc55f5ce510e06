import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** For `prepared`: user scenario files, by name, in the data folder during the test. */
export function ownScenarios(files: Record<string, string>) {
  return async ({ home }: { home: string }, use: (nothing: undefined) => Promise<void>): Promise<void> => {
    mkdirSync(join(home, "scenarios"), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(home, "scenarios", name), text);
    await use(undefined);
    for (const name of Object.keys(files)) rmSync(join(home, "scenarios", name), { force: true });
  };
}

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** For `prepared`: writes user scenario files, by name, to the data folder before the lab starts. */
export function ownScenarios(files: Record<string, string>) {
  return async ({ home }: { home: string }, use: (nothing: undefined) => Promise<void>): Promise<void> => {
    mkdirSync(join(home, "scenarios"), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(home, "scenarios", name), text);
    await use(undefined);
  };
}

import { isAbsolute } from "node:path";
import { app } from "electron";
import type { Shell } from "./shell.ts";

const OPTION = "--stack=";

/** Lists the compose files that the app was started with, and those of a later start, on the Stacks page. */
export async function register(shell: Shell): Promise<void> {
  app.on("second-instance", (_event, args) => void list(args));
  await list(process.argv);

  async function list(args: readonly string[]): Promise<void> {
    const service = await shell.service;
    const named = args.filter((each) => each.startsWith(OPTION)).map((each) => each.slice(OPTION.length));
    for (const file of named.filter((each) => isAbsolute(each))) service.stack.addFile(file);
  }
}

import { START_HELP, start } from "../start.ts";
import type { Command } from "./command.ts";

/** As `npm start` does, where there is no project but an installed package. */
export const startCommand: Command = {
  help: START_HELP.replace("npm start --", "resilience-lab start"),
  run: (args) => start(args),
};

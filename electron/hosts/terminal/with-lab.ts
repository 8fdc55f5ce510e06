import { Lab } from "../../lab/lab.ts";
import type { Terminal } from "./command.ts";
import { LiveScreen } from "./live-screen.ts";

/** Opens the lab for one command that prints lines, and closes it whatever happens. Resolves to the exit code. */
export async function withLab(
  terminal: Terminal,
  use: (lab: Lab, screen: LiveScreen) => Promise<number>,
): Promise<number> {
  const lab = await Lab.open(terminal.environment);
  const screen = new LiveScreen(terminal.out);
  try {
    for (const notice of lab.notices()) screen.line(notice);
    return await use(lab, screen);
  } finally {
    screen.close();
    await lab.close();
  }
}

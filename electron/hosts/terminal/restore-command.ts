import { targetOf as damaged, isHarm } from "../../lab/faults/existing-damage.ts";
import type { Lab } from "../../lab/lab.ts";
import { LabError } from "../../lab/lab-error.ts";
import { projectOf } from "../../lab/stacks/resolve-target.ts";
import { type Command, EXIT, readArguments, type Terminal } from "./command.ts";
import type { LiveScreen } from "./live-screen.ts";
import { namesStack, STACK_HELP, STACK_OPTIONS, targetOf } from "./target-options.ts";
import { withLab } from "./with-lab.ts";

export const restoreCommand: Command = {
  help: `resilience-lab restore [TARGET] [--project NAME | --stack FILE | --gateway URL]

Undoes the faults that \`break\` applied, on any stack, and repairs other damage on the stack that is up: toxics and closed
links of the fault proxy, paused or stopped services. With a TARGET, a service or a link, only that one. Exit 1 if
something could not be restored. Where a stack is named, only faults on that one are undone.

${STACK_HELP}`,
  run(args, terminal: Terminal) {
    const { values, positionals } = readArguments("restore", args, STACK_OPTIONS);
    const [target, extra] = positionals;
    if (extra !== undefined) throw new LabError("bad-input", `restore takes one target, not "${extra}" as well`);
    const named = namesStack(values) ? targetOf(values, { start: "attach", keep: false }) : undefined;
    const project = named && projectOf(named, terminal.environment);
    return withLab(terminal, (lab, screen) => restoreStack(lab, screen, target, terminal.signal, project));
  },
};

/**
 * Restores a target, or everything, and checks what is still broken. Resolves to the exit code.
 * @param project only on stacks of this name
 */
export async function restoreStack(
  lab: Lab,
  screen: LiveScreen,
  target: string | undefined,
  signal: AbortSignal,
  project?: string,
): Promise<number> {
  let isWhole = true;
  await lab.work("restoring the stack", signal, async (session) => {
    for (const { what, isRestored } of session.recovered) {
      screen.line(`${isRestored ? "recovered" : "NOT recovered"}: ${what}`);
      isWhole &&= isRestored;
    }
    const restored = await session.restore(target, signal, project);
    for (const { what, problem } of restored) {
      screen.line(problem === undefined ? `restored: ${what}` : `NOT restored: ${what}: ${problem}`);
      isWhole &&= problem === undefined;
    }
    const open = await session.stacks.leftUp(project);
    const isMeant = project === undefined || open?.running.registered.project === project;
    if (open !== undefined && !isMeant) await open.release();
    if (!isMeant) {
      if (restored.length === 0) screen.line(`no fault is in force on ${project}`);
      return;
    }
    if (open === undefined) {
      if (restored.length === 0) screen.line("no stack is up: there is nothing to restore");
      return;
    }
    try {
      const { damage, unread } = await lab.inspect(open.running);
      isWhole &&= unread.length === 0;
      isWhole &&= !damage.some((each) => isHarm(each) && (target === undefined || damaged(each) === target));
      for (const each of unread) screen.line(`not known: ${each}`);
      const what = target === undefined ? "nothing is broken" : `${target} is not broken`;
      if (isWhole) screen.line(restored.length === 0 ? what : `${what} any more`);
    } finally {
      await open.release();
    }
  });
  return isWhole ? EXIT.green : EXIT.failed;
}

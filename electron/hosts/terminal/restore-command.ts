import type { Lab } from "../../lab/lab.ts";
import { LabError } from "../../lab/lab-error.ts";
import type { RestoredStack } from "../../lab/restore-stacks.ts";
import { projectOf } from "../../lab/stacks/resolve-target.ts";
import { type Command, EXIT, readArguments, type Terminal } from "./command.ts";
import type { LiveScreen } from "./live-screen.ts";
import { namesStack, STACK_HELP, STACK_OPTIONS, targetOf } from "./target-options.ts";
import { withLab } from "./with-lab.ts";

export const restoreCommand: Command = {
  help: `resilience-lab restore [TARGET] [--project NAME | --stack FILE | --gateway URL]

Undoes the faults that \`break\` applied, on any stack, and repairs other damage on each stack that was left up: toxics and
closed links of the fault proxy, paused or stopped services. With a TARGET, a service or a link, only that one. Exit 1 if
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
 * Restores a target, or everything, and reports what is still broken. Resolves to the exit code.
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
    const stacks = await session.restore(target, signal, project);
    if (stacks.length === 0) {
      screen.line(
        project === undefined ? "no stack is up: there is nothing to restore" : `no fault is in force on ${project}`,
      );
    }
    for (const stack of stacks) {
      const of = stacks.length > 1 ? `${stack.project}: ` : "";
      const { lines, isRestored } = outcomeOf(stack, target);
      for (const line of lines) screen.line(`${of}${line}`);
      isWhole &&= isRestored;
    }
  });
  return isWhole ? EXIT.green : EXIT.failed;
}

function outcomeOf({ restored, left }: RestoredStack, target: string | undefined) {
  const lines = restored.map(({ what, problem }) =>
    problem === undefined ? `restored: ${what}` : `NOT restored: ${what}: ${problem}`,
  );
  const { broken = [], unread = [] } = left ?? {};
  lines.push(...broken.map((each) => `still broken: ${each}`), ...unread.map((each) => `not known: ${each}`));
  const isRestored = broken.length + unread.length === 0 && restored.every(({ problem }) => problem === undefined);
  if (isRestored && left !== undefined) {
    const what = target === undefined ? "nothing is broken" : `${target} is not broken`;
    lines.push(restored.length === 0 ? what : `${what} any more`);
  }
  return { lines, isRestored };
}

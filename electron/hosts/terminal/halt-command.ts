import { arm, halt } from "../../lab/faults/halt.ts";
import { dataFolder, openHomeToUndo } from "../../lab/home.ts";
import { LabError } from "../../lab/lab-error.ts";
import { type Command, EXIT, readArguments } from "./command.ts";

export const haltCommand: Command = {
  help: `resilience-lab halt

Works while the window or another terminal hangs: undoes every fault of this data folder from its journal, links first,
then all services at once. A run in progress ends as cancelled. No fault is applied until \`resilience-lab arm\`.
Other damage is listed and left unchanged. Exit 1 if something is broken or not known, or faults can still
be applied.`,
  async run(args, { environment, out, err, signal }) {
    refuseArguments("halt", args);
    const { undone, problem, damage, unread } = await halt(
      openHomeToUndo(dataFolder(environment)),
      environment,
      signal,
    );
    for (const { fault, result, detail } of undone) {
      out.write(`${fault.kind} ${fault.target}: ${result}, ${detail}\n`);
    }
    if (problem !== undefined) {
      err.write(`resilience-lab: ${problem}\n`);
      return EXIT.failed;
    }
    const isWhole = damage.length === 0 && unread.length === 0;
    const none = isWhole ? "no fault was in force" : "no fault of this lab was in force";
    out.write(undone.length === 0 ? `${none}; none can be applied now\n` : "halted\n");
    for (const each of damage) out.write(`broken, and not by a fault of this lab: ${each}\n`);
    for (const each of unread) out.write(`not known: ${each}\n`);
    if (damage.length > 0) out.write("restore it with `resilience-lab stack restore`, or Undo all in the window\n");
    return isWhole && !undone.some(({ result }) => result === "not restored") ? EXIT.green : EXIT.failed;
  },
};

export const armCommand: Command = {
  help: "resilience-lab arm\n\nAllows faults again after `resilience-lab halt`.",
  async run(args, { environment, out }) {
    refuseArguments("arm", args);
    const wasHalted = arm(openHomeToUndo(dataFolder(environment)));
    out.write(wasHalted ? "faults can be applied again\n" : "faults were not halted\n");
    return EXIT.green;
  },
};

function refuseArguments(command: string, args: readonly string[]): void {
  const [extra] = readArguments(command, args, {}).positionals;
  if (extra !== undefined) throw new LabError("bad-input", `${command} takes no "${extra}"`);
}

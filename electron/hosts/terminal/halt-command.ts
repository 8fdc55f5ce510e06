import { arm, halt } from "../../lab/faults/halt.ts";
import { dataFolder, openHome } from "../../lab/home.ts";
import { LabError } from "../../lab/lab-error.ts";
import { type Command, EXIT, readWords } from "./command.ts";

export const haltCommand: Command = {
  help: `resilience-lab halt

Works while the window or another terminal hangs: undoes every fault of this data folder from its journal, links first,
then all services at once. A run that is on ends as cancelled. No fault is applied until \`resilience-lab arm\`.
Exit 1 if something could not be put back or is not known, or faults can still be applied.`,
  async run(words, { environment, out, err, signal }) {
    refuseWords("halt", words);
    const { mended, problem } = await halt(openHome(dataFolder(environment)), environment, signal);
    for (const { fault, result, detail } of mended) {
      out.write(`${fault.kind} ${fault.target}: ${result}, ${detail}\n`);
    }
    if (problem !== undefined) {
      err.write(`resilience-lab: ${problem}\n`);
      return EXIT.failed;
    }
    out.write(mended.length === 0 ? "no fault was in force; none can be applied now\n" : "halted\n");
    return mended.some(({ result }) => result === "not restored") ? EXIT.failed : EXIT.green;
  },
};

export const armCommand: Command = {
  help: "resilience-lab arm\n\nAllows faults again after `resilience-lab halt`.",
  async run(words, { environment, out }) {
    refuseWords("arm", words);
    const wasHalted = arm(openHome(dataFolder(environment)));
    out.write(wasHalted ? "faults can be applied again\n" : "faults were not halted\n");
    return EXIT.green;
  },
};

function refuseWords(command: string, words: readonly string[]): void {
  const [extra] = readWords(command, words, {}).positionals;
  if (extra !== undefined) throw new LabError("bad-input", `${command} takes no "${extra}"`);
}

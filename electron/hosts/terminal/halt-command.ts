import { Lab } from "../../lab/lab.ts";
import { LabError } from "../../lab/lab-error.ts";
import { type Command, EXIT, readWords } from "./command.ts";

export const haltCommand: Command = {
  name: "halt",
  summary: "undo every fault now, whoever made it, and allow no new one",
  help: `resilience-lab halt

Works while the window or another terminal hangs: undoes every fault of this data folder from its journal, links first,
then all services at once. A run that is on ends as cancelled. No fault is applied until \`resilience-lab arm\`.
Exit 1 if something could not be put back.`,
  async run(words, { environment, out, signal }) {
    refuseWords("halt", words);
    const lab = Lab.open(environment);
    try {
      const mended = await lab.halt(signal);
      for (const { fault, result, detail } of mended) {
        out.write(`${fault.kind} ${fault.target}: ${result}, ${detail}\n`);
      }
      out.write(mended.length === 0 ? "no fault was in force; none can be applied now\n" : "halted\n");
      return mended.some(({ result }) => result === "not restored") ? EXIT.failed : EXIT.green;
    } finally {
      lab.close();
    }
  },
};

export const armCommand: Command = {
  name: "arm",
  summary: "allow faults again after a halt",
  help: "resilience-lab arm\n\nAllows faults again after `resilience-lab halt`.",
  async run(words, { environment, out }) {
    refuseWords("arm", words);
    const lab = Lab.open(environment);
    try {
      out.write(lab.arm() ? "faults can be applied again\n" : "faults were not halted\n");
      return EXIT.green;
    } finally {
      lab.close();
    }
  },
};

function refuseWords(command: string, words: readonly string[]): void {
  const [extra] = readWords(command, words, {}).positionals;
  if (extra !== undefined) throw new LabError("bad-input", `${command} takes no "${extra}"`);
}

import { shippedScenarios } from "../../lab/lab.ts";
import { LabError } from "../../lab/lab-error.ts";
import { loadFile } from "../../lab/scenarios/load.ts";
import { type Command, EXIT, oneOf, readArguments } from "./command.ts";

export const scenariosCommand: Command = {
  help: `resilience-lab scenarios list
resilience-lab scenarios validate FILE...

\`validate\` reads scenarios and ToolGate suites and reports every problem with file, line and column. Exit 2 if there is one.`,
  async run(args, { out }) {
    const { positionals } = readArguments("scenarios", args, {});
    const [action = "", ...files] = positionals;
    if (oneOf("scenarios", action, ["list", "validate"]) === "list") {
      for (const { scenario } of shippedScenarios()) {
        out.write(`${scenario.id}\n    ${scenario.title}\n`);
        out.write(`    patterns: ${scenario.patterns.join(", ") || "none"}\n`);
      }
      return EXIT.green;
    }
    if (files.length === 0) throw new LabError("bad-input", "specify which files to validate");
    return files.map((file) => validate(file, out)).every(Boolean) ? EXIT.green : EXIT.badInput;
  },
};

function validate(file: string, out: NodeJS.WriteStream): boolean {
  try {
    const count = loadFile(file).length;
    out.write(`${file}: ok (${count} ${count === 1 ? "scenario" : "scenarios"})\n`);
    return true;
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    out.write(`${error.message}\n`);
    return false;
  }
}

import { statSync } from "node:fs";
import { DocumentError, formatProblem, type Problem } from "../../lab/documents/yaml-document.ts";
import { LabError } from "../../lab/lab-error.ts";
import { type LoadedScenario, loadFile, sharedIds } from "../../lab/scenarios/load.ts";
import { neededRoles } from "../../lab/scenarios/roles.ts";
import { scenarioFilesIn } from "../../lab/scenarios/scenario-files.ts";
import { shippedScenarios } from "../../lab/scenarios/shipped.ts";
import { stackProblems, toolsOf } from "../../lab/scenarios/stack-problems.ts";
import { planTarget } from "../../lab/stacks/resolve-target.ts";
import { loadStack, type Stack } from "../../lab/stacks/stack-file.ts";
import { type Command, EXIT, oneOf, readArguments, type Terminal } from "./command.ts";
import { namesStack, STACK_HELP, STACK_OPTIONS, type TargetValues, targetOf } from "./target-options.ts";

export const scenariosCommand: Command = {
  help: `resilience-lab scenarios list
resilience-lab scenarios validate FILE|FOLDER... [--project NAME | --stack FILE | --gateway URL]
\`validate\` reads scenarios and ToolGate suites and names every problem by file, line and column. Exit 2 if there is one.

Where a stack is named it also reports what the scenarios name and the stack does not have: services, links, roles,
protections, and tools where a service declares its own (x-lab.tools).

${STACK_HELP}`,
  async run(args, { environment, out, err }) {
    const { positionals, values } = readArguments("scenarios", args, STACK_OPTIONS);
    const [action = "", ...names] = positionals;
    if (oneOf("scenarios", action, ["list", "validate"]) === "list") {
      for (const { scenario } of shippedScenarios()) {
        const needs = neededRoles(scenario);
        out.write(`${scenario.id}\n    ${scenario.title}\n`);
        out.write(`    patterns: ${scenario.patterns.join(", ") || "none"}\n`);
        if (needs.length > 0) out.write(`    runs on any stack with: ${needs.join(", ")}\n`);
      }
      return EXIT.green;
    }
    if (names.length === 0) throw new LabError("bad-input", "specify which files or folders to validate");
    // Only what scenarios can name is read of it: validating brings nothing up.
    const stack = namesStack(values) ? await stackNamed(values, environment) : undefined;
    if (stack !== undefined && toolsOf(stack) === undefined) {
      err.write(`tools are not checked: no service of ${stack.file} declares x-lab.tools\n`);
    }
    return validateAll(names, stack, out) ? EXIT.green : EXIT.badInput;
  },
};

async function stackNamed(values: TargetValues, environment: NodeJS.ProcessEnv): Promise<Stack> {
  const target = targetOf(values, { start: "attach", keep: false });
  const { source } = target;
  if (source.is === "compose file") return loadStack(source.file, environment, "attached");
  return (await planTarget(target, environment)).stack;
}

/** Each file is reported by itself, so that one that is not valid hides nothing of the others. */
function validateAll(names: readonly string[], stack: Stack | undefined, out: Terminal["out"]): boolean {
  const files = names.flatMap((name) => {
    return statSync(name, { throwIfNoEntry: false })?.isDirectory() ? scenarioFilesIn(name) : [name];
  });
  const read: LoadedScenario[] = [];
  let isValid = true;
  for (const file of files) {
    const { loaded, problems } = validateFile(file, stack);
    const lines = [
      ...problems,
      ...sharedIds([...read, ...loaded])
        .filter((each) => each.file === file)
        .map(formatProblem),
    ];
    read.push(...loaded);
    for (const line of lines) out.write(`${line}\n`);
    if (lines.length === 0)
      out.write(`${file}: ok (${loaded.length} ${loaded.length === 1 ? "scenario" : "scenarios"})\n`);
    else isValid = false;
  }
  return isValid;
}

function validateFile(file: string, stack: Stack | undefined): { loaded: LoadedScenario[]; problems: string[] } {
  try {
    const loaded = loadFile(file);
    const problems: readonly Problem[] = stack === undefined ? [] : stackProblems(loaded, stack);
    return { loaded, problems: problems.map(formatProblem) };
  } catch (error) {
    if (error instanceof DocumentError) return { loaded: [], problems: error.problems.map(formatProblem) };
    if (error instanceof LabError) return { loaded: [], problems: [error.message] };
    throw error;
  }
}

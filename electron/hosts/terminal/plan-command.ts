import { REFERENCE_STACK_FILE, shippedScenarios } from "../../lab/lab.ts";
import { LabError } from "../../lab/lab-error.ts";
import { resolveScenarios } from "../../lab/scenarios/load.ts";
import { formatPlan, planScenario } from "../../lab/scenarios/plan.ts";
import { loadStack } from "../../lab/stack/stack-file.ts";
import { type Command, EXIT, oneOf, readWords } from "./command.ts";

export const planCommand: Command = {
  help: `resilience-lab plan FILE|FOLDER|ID... [--stack FILE] [--driver KIND]

Shows what the steady state calls, then each step with its resolved target, and for each fault what it does, how it is undone and when at the latest.
Nothing is started, reached or broken. Exit 2 if a target does not exist, or if the driver (process, or docker) cannot do
a fault.`,
  async run(words, { environment, out }) {
    const { values, positionals } = readWords("plan", words, {
      stack: { type: "string" },
      driver: { type: "string", default: "process" },
    });
    const driver = oneOf("--driver", values.driver, ["process", "docker"]);
    if (positionals.length === 0)
      throw new LabError("bad-input", "say what to plan: a file, a folder or a scenario's id");
    const stack = loadStack(values.stack ?? REFERENCE_STACK_FILE, environment);
    for (const { scenario } of resolveScenarios(positionals, shippedScenarios())) {
      out.write(`${scenario.id}  ${scenario.title}\n`);
      for (const line of formatPlan(planScenario(scenario, stack, driver))) out.write(`${line}\n`);
      out.write("\n");
    }
    return EXIT.green;
  },
};

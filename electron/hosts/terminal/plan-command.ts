import { shippedScenarios } from "../../lab/lab.ts";
import { LabError } from "../../lab/lab-error.ts";
import { resolveScenarios } from "../../lab/scenarios/load.ts";
import { formatPlan, planScenario } from "../../lab/scenarios/plan.ts";
import { planTarget } from "../../lab/stacks/resolve-target.ts";
import { type Command, EXIT, readWords } from "./command.ts";
import { targetOf } from "./target-options.ts";

export const planCommand: Command = {
  help: `resilience-lab plan FILE|FOLDER|ID... [--stack FILE] [--driver KIND] [--project NAME]

Shows what the steady state calls, then each step with its resolved target, and for each fault what it does, how it is undone and when at the latest.
With --project the plan is for a compose project that is up on Docker, and names the services that go down with another
since they share its network, processes or IPC. Nothing is started or broken. Exit 2 if a target does not exist, or if the
driver (process, or docker) cannot do a fault.

  --stack FILE        another stack than the reference one: a compose file with x-lab
  --project NAME      a compose project that is up; its file is found by its labels, or given by --stack
  --allow-remote-docker   let DOCKER_HOST or the docker context name an engine on another machine`,
  async run(words, { environment, out }) {
    const { values, positionals } = readWords("plan", words, {
      stack: { type: "string" },
      driver: { type: "string" },
      project: { type: "string" },
      "allow-remote-docker": { type: "boolean", default: false },
    });
    if (positionals.length === 0)
      throw new LabError("bad-input", "say what to plan: a file, a folder or a scenario's id");
    const { stack, driver, sharersOf } = await planTarget(
      targetOf(values, { start: "attach", keep: false }),
      environment,
    );
    for (const { scenario } of resolveScenarios(positionals, shippedScenarios())) {
      out.write(`${scenario.id}  ${scenario.title}\n`);
      for (const line of formatPlan(planScenario(scenario, stack, driver, sharersOf))) out.write(`${line}\n`);
      out.write("\n");
    }
    return EXIT.green;
  },
};

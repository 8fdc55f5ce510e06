import { LabError } from "../../lab/lab-error.ts";
import { resolveScenarios } from "../../lab/scenarios/load.ts";
import { directLinksOf, formatPlan, planScenario } from "../../lab/scenarios/plan.ts";
import { onStack } from "../../lab/scenarios/roles.ts";
import { SHIPPED_SCENARIOS_FOLDER } from "../../lab/scenarios/shipped.ts";
import { planTarget } from "../../lab/stacks/resolve-target.ts";
import { visibleLine } from "../../model/visible-text.ts";
import { type Command, EXIT, readArguments } from "./command.ts";
import { STACK_HELP, STACK_OPTIONS, targetOf } from "./target-options.ts";

export const planCommand: Command = {
  help: `resilience-lab plan FILE|FOLDER|ID... [--project NAME | --stack FILE | --gateway URL] [--driver KIND]

Shows the calls of the steady state, then each step with its resolved target, and for each fault its effect, how it is
undone and when at the latest. With --project the plan is for a compose project that is up on Docker, and lists the
services that go down with another because they share its network, processes or IPC; and each link that no fault proxy
carries is tried, by a container that ends at once. Nothing else is started, and nothing is broken. Exit 2 if a target does
not exist or cannot be broken, or if the driver (process or docker) does not support a fault.

${STACK_HELP}`,
  async run(args, { environment, out }) {
    const { values, positionals } = readArguments("plan", args, STACK_OPTIONS);
    if (positionals.length === 0)
      throw new LabError("bad-input", "specify what to plan: a file, a folder or a scenario's id");
    const { stack, driver, around, preflight } = await planTarget(
      targetOf(values, { start: "attach", keep: false }),
      environment,
    );
    for (const { scenario: written } of resolveScenarios(positionals, SHIPPED_SCENARIOS_FOLDER)) {
      const { scenario, roles } = onStack(written, stack);
      out.write(`${scenario.id}  ${visibleLine(scenario.title)}\n`);
      for (const [role, service] of Object.entries(roles)) out.write(`      ${role} is ${service}\n`);
      for (const line of formatPlan(planScenario(scenario, stack, driver, around))) out.write(`${line}\n`);
      for (const link of directLinksOf(scenario, stack)) {
        if (preflight === undefined) continue;
        out.write(`      tried: ${link.name} can be broken ${await preflight(link)}\n`);
      }
      out.write("\n");
    }
    return EXIT.green;
  },
};

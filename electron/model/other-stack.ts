import type { EventOf } from "./lab-event.ts";

interface StackShape {
  project: string;
  services: readonly { name: string; role: string }[];
}

/**
 * Why a run's scenario is not for this stack: the run was on another one. Undefined when this one has every service of the
 * run, in the same role; its services may have come to be more since then.
 */
export function onOtherStack(
  run: Pick<EventOf<"run.started">, "project" | "services">,
  here: StackShape,
): string | undefined {
  const has = ({ name, role }: { name: string; role: string }) =>
    here.services.some((service) => service.name === name && service.role === role);
  if (run.services.every(has)) return undefined;
  const names = run.services.map(({ name }) => name).join(", ");
  const other =
    run.project === undefined || run.project === here.project ? "another stack" : `the stack ${run.project}`;
  return `the run was on ${other}, with the services ${names}; this window's stack is ${here.project}, without ${missing()}`;

  function missing(): string {
    const names = run.services.filter((service) => !has(service)).map(({ name }) => name);
    return names.join(", ");
  }
}

/** What to do about it. */
export const OTHER_STACK_HINT =
  "open that stack on the Stacks page, or run the scenario in a terminal with `resilience-lab run FILE --project NAME`";

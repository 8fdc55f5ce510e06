import type { FaultRequest } from "../../../contract/stack.ts";
import { describeIssues } from "../../../model/issue-text.ts";
import type { FaultSpec } from "../../faults/fault-spec.ts";
import { LabError } from "../../lab-error.ts";
import { step } from "../../scenarios/schema.ts";
import type { StackDriver } from "../../stacks/driver.ts";
import type { Stack } from "../../stacks/stack-file.ts";
import { faultKindsOf, MATCHED_TOOL } from "../stacks/fault-kinds.ts";

/** What a person asks to break, as the fault that a scenario would write. @throws LabError for a name that is none here */
export function toFault(
  { kind, target, attributes = {}, forMs }: FaultRequest,
  stack: Stack,
  driver: StackDriver["kind"],
): { fault: FaultSpec; written: Record<string, unknown> } {
  const kinds = faultKindsOf(stack, driver);
  const known = kinds.find((each) => each.kind === kind);
  if (known === undefined) {
    throw new LabError("bad-input", `there is no fault called "${kind}" here`, {
      hint: `there are: ${kinds.map((each) => each.kind).join(", ")}`,
    });
  }
  const targets = known.on === "service" ? stack.services : stack.links;
  if (!targets.some(({ name }) => name === target)) {
    throw new LabError("bad-input", `the stack has no ${known.on} called "${target}"`, {
      hint: `it has: ${targets.map(({ name }) => name).join(", ")}`,
    });
  }
  const unknown = Object.keys(attributes).filter((name) => !known.attributes.some((each) => each.name === name));
  if (unknown.length > 0) throw new LabError("bad-input", `${kind} takes no ${unknown.join(", ")}`);
  const lasts = forMs === undefined ? {} : { for: `${forMs}ms` };
  const { [MATCHED_TOOL]: tool, ...others } = attributes;
  const written = { [kind]: target, ...others, ...(tool === undefined ? {} : { match: { tool } }), ...lasts };
  const parsed = step.safeParse({ fault: written });
  if (parsed.success && "fault" in parsed.data) return { fault: parsed.data.fault, written };
  const reason = parsed.success ? "it is no fault" : describeIssues(parsed.error);
  throw new LabError("bad-input", `${kind} ${target} cannot be done so: ${reason}`, {
    hint: `it takes: ${known.attributes.map(({ name, type }) => `${name} (${type})`).join(", ") || "nothing"}`,
  });
}

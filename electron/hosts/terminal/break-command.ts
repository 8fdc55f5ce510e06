import { parse } from "yaml";
import { readFault } from "../../lab/faults/read-fault.ts";
import type { Lab } from "../../lab/lab.ts";
import { LabError } from "../../lab/lab-error.ts";
import type { LabSession } from "../../lab/lab-session.ts";
import type { RunningStack } from "../../lab/stacks/running-stack.ts";
import { formatDuration } from "../../model/duration.ts";
import { type Command, EXIT, readArguments, type Terminal } from "./command.ts";
import { namesStack, STACK_HELP, STACK_OPTIONS, type TargetValues, targetOf } from "./target-options.ts";
import { withLab } from "./with-lab.ts";

const options = {
  for: { type: "string" },
  ...STACK_OPTIONS,
} as const;

export const breakCommand: Command = {
  help: `resilience-lab break KIND TARGET [NAME=VALUE...] [--for DURATION]

Applies a fault to a service or a link of the stack that is up, and keeps it in force after the command:
  resilience-lab break stop payments-mcp
  resilience-lab break latency "gateway->payments-mcp" by=500ms jitter=100ms --for 5m
KIND and NAME=VALUE are those of a scenario's \`fault\` step. The fault is undone by \`resilience-lab restore\`, by \`halt\`,
or when it expires, also after the terminal is closed. A ToolGate suite runs on the stack as it is; other scenarios are
refused and name the fault, unless --accept-existing is given.

  --for DURATION      how long it stays in force (default 10m, at most 24h)
${STACK_HELP}`,
  run(args, terminal) {
    const { values, positionals } = readArguments("break", args, options);
    const [kind, target, ...attributes] = positionals;
    if (kind === undefined || target === undefined) {
      throw new LabError("bad-input", "name the fault and what to break, such as `break stop payments-mcp`", {
        hint: "see `resilience-lab break --help`",
      });
    }
    const lasts = values.for === undefined ? {} : { for: values.for };
    const fault = readFault({ ...Object.fromEntries(attributes.map(readAttribute)), ...lasts, [kind]: target });
    return withLab(terminal, async (lab, screen) => {
      await lab.work(`breaking ${target}`, terminal.signal, async (session) => {
        for (const { what } of session.recovered) screen.line(what);
        await withStack(lab, session, values, terminal, async (running) => {
          const applied = await session.break(fault, running);
          const { undo, intendedWallMs, expiresWallMs } = applied.fault;
          screen.line(`broken: ${target} ${applied.effect} (undo: ${undo})`);
          const lifetime = formatDuration(expiresWallMs - intendedWallMs);
          screen.line(`in force for ${lifetime}, or until \`resilience-lab restore\``);
        });
      });
      return EXIT.green;
    });
  },
};

function readAttribute(text: string): [string, unknown] {
  const at = text.indexOf("=");
  if (at <= 0) {
    throw new LabError("bad-input", `"${text}" is no attribute of a fault`, { hint: "write it as NAME=VALUE" });
  }
  return [text.slice(0, at), parse(text.slice(at + 1))];
}

async function withStack(
  lab: Lab,
  session: LabSession,
  values: TargetValues,
  { signal }: Terminal,
  use: (running: RunningStack) => Promise<void>,
): Promise<void> {
  if (namesStack(values)) {
    const target = await lab.resolve(targetOf(values, { start: "attach", keep: false, acceptExisting: true }));
    return session.stacks.use(target, { signal }, ({ running }) => use(running));
  }
  const projects = session.stacks.projectsLeftUp();
  if (projects.length > 1) {
    throw new LabError("bad-input", `several stacks are up: ${projects.join(", ")}`, {
      hint: "name one with --stack, --project or --gateway",
    });
  }
  const open = await session.stacks.leftUp();
  if (open === undefined) {
    throw new LabError("precondition", "no stack is up, so there is nothing to break", {
      hint: "bring one up with `resilience-lab stack up`, or name a stack that is up with --project, --stack or --gateway",
    });
  }
  try {
    await use(open.running);
  } finally {
    await open.release();
  }
}

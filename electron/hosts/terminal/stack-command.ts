import { describeDamage, howToRestore, isHarm } from "../../lab/faults/existing-damage.ts";
import { Lab } from "../../lab/lab.ts";
import { LabError } from "../../lab/lab-error.ts";
import type { StackNews } from "../../lab/stacks/open-stack.ts";
import type { RunningStack } from "../../lab/stacks/running-stack.ts";
import { type Command, EXIT, oneOf, readArguments, type Terminal } from "./command.ts";
import type { LiveScreen } from "./live-screen.ts";
import { restoreStack } from "./restore-command.ts";
import { progressText, TARGET_HELP, TARGET_OPTIONS, targetOf } from "./target-options.ts";
import { withLab } from "./with-lab.ts";

const options = { ...TARGET_OPTIONS, volumes: { type: "boolean", default: false } } as const;
type Values = ReturnType<typeof readArguments<typeof options>>["values"];

export const stackCommand: Command = {
  help: `resilience-lab stack up [options]
resilience-lab stack down [--volumes]
resilience-lab stack status
resilience-lab stack restore
resilience-lab stack secrets

\`up\` leaves the stack up; \`run\` then uses it and leaves it as it was found. \`down\` removes what \`up\` started:
processes with their data, containers and networks; named volumes of a stack on Docker are kept, as with docker compose,
unless --volumes is given. \`status\` (of a compose project: --project NAME) exits 0 when every service is up and nothing is broken; otherwise it lists toxics and
closed links of the fault proxy, paused or stopped services, faults in force, and what a crashed lab left. It changes
nothing. \`restore\` restores all of that, whatever caused it, as
\`resilience-lab restore\` does. Exit 1 if something could not be restored.
\`secrets\` prints the path of the file with the stack's secrets, random for each data folder, created on first use:
docker compose --env-file "$(resilience-lab stack secrets)" up uses the same.

${TARGET_HELP}`,
  run(args, terminal) {
    const { values, positionals } = readArguments("stack", args, options);
    const [action = "", ...more] = positionals;
    if (more.length > 0) throw new LabError("bad-input", `stack ${action} takes no "${more[0]}"`);
    const actions = { up, down, status, restore, secrets };
    return actions[oneOf("stack", action, ["up", "down", "status", "restore", "secrets"])](values, terminal);
  },
};

async function up(values: Values, terminal: Terminal): Promise<number> {
  return withLab(terminal, async (lab, screen) => {
    const target = await lab.resolve(targetOf(values, { start: "bring up", keep: true }));
    for (const note of target.notes) screen.line(note);
    await lab.work("bringing a stack up", terminal.signal, async (session) => {
      const listen = (news: StackNews) => {
        if (news.is === "starting" && news.progress !== undefined) screen.line(progressText(news.progress));
      };
      await session.stacks.use(target, { signal: terminal.signal, listen }, async ({ running, openedAs }) => {
        if (openedAs === "kept") {
          screen.line(`${running.stack.project} is already up`);
          await startStoppedServices(running, screen, terminal.signal);
        }
        screen.line("");
        for (const line of addresses(running)) screen.line(line);
      });
    });
    return EXIT.green;
  });
}

/** After a reboot or a crash of a service, `up` starts every service that is not running. */
async function startStoppedServices(running: RunningStack, screen: LiveScreen, signal: AbortSignal): Promise<void> {
  for (const { name } of running.stack.services) {
    if ((await running.driver.stateOf(name)).is !== "stopped") continue;
    screen.line(`${name} is stopped: starting it`);
    await running.startAndWait(name, signal);
  }
}

async function down(values: Values, terminal: Terminal): Promise<number> {
  assertOwnStack("down", values);
  return withLab(terminal, async (lab, screen) => {
    await lab.work("taking a stack down", terminal.signal, async (session) => {
      const isDown = await session.stacks.down({
        report: ({ service, state }) => {
          if (state === "stopped") screen.line(`${service} stopped`);
        },
        volumes: values.volumes ? "all" : "none",
      });
      screen.line(isDown ? "stack down: nothing is left running" : "no stack is up");
    });
    return EXIT.green;
  });
}

/** A service that runs and is not up is checked for this long before that is reported. */
const SETTLE_LIMIT_MS = 3_000;

/** These work on what `stack up` left up: another stack that is named would silently not be meant. */
function assertOwnStack(action: string, { project, stack, driver }: Values): void {
  if (project === undefined && stack === undefined && driver === undefined) return;
  const named = project ?? "NAME";
  throw new LabError("bad-input", `stack ${action} is about the stack that \`stack up\` left up, and takes no other`, {
    hint: `a project of your own: docker compose -p ${named} ${action === "down" ? "down" : "ps"}`,
  });
}

async function status(values: Values, terminal: Terminal): Promise<number> {
  if (values.project === undefined) assertOwnStack("status", values);
  const target = values.project === undefined ? undefined : targetOf(values, { start: "attach", keep: false });
  return withLab(terminal, async (lab, screen) => {
    const left = lab.reportUnrestored();
    const code = await lab.withStack(async (running) => {
      if (running === undefined) {
        screen.line("no stack is up; `resilience-lab stack up` brings one up");
        return EXIT.failed;
      }
      if (running.engine !== undefined) screen.line(`project ${running.registered.project} on ${running.engine}`);
      const health = await Promise.all(
        running.stack.services.map(async ({ name }) => {
          const state = await running.driver.stateOf(name).catch(() => undefined);
          const limitMs = state?.is === "running" ? SETTLE_LIMIT_MS : 0;
          return { name, ...(await running.health.settled(name, limitMs, terminal.signal)) };
        }),
      );
      for (const { name, status: is, reason } of health) {
        screen.line(`${name.padEnd(14)} ${is.padEnd(9)} ${(running.shownAddress(name) ?? "-").padEnd(16)} ${reason}`);
      }
      const { damage, unread } = await lab.inspect(running);
      const harm = damage.filter(isHarm);
      for (const each of harm) screen.line(`broken: ${describeDamage(each)}`);
      for (const each of unread) screen.line(`not known: ${each}`);
      if (harm.length > 0) screen.line(howToRestore(running));
      const isIntact = harm.length === 0 && unread.length === 0;
      return isIntact && health.every(({ status: is }) => is === "up") ? EXIT.green : EXIT.failed;
    }, target);
    for (const line of left) screen.line(line);
    return left.length > 0 ? EXIT.failed : code;
  });
}

function restore(values: Values, terminal: Terminal): Promise<number> {
  assertOwnStack("restore", values);
  return withLab(terminal, (lab, screen) => restoreStack(lab, screen, undefined, terminal.signal));
}

/** Prints only the path, so that no secret gets into a terminal's history or a log. */
async function secrets(values: Values, terminal: Terminal): Promise<number> {
  const lab = await Lab.open(terminal.environment);
  try {
    lab.loadStack(values.stack === undefined ? { is: "reference" } : { is: "compose file", file: values.stack });
    terminal.out.write(`${lab.secretsFile}\n`);
    return EXIT.green;
  } finally {
    await lab.close();
  }
}

function addresses(running: RunningStack): string[] {
  return running.stack.services.map(
    ({ name, endpoint }) =>
      `${name.padEnd(14)} ${running.shownAddress(name) ?? "-"}${endpoint?.startsWith("/") ? endpoint : ""}`,
  );
}

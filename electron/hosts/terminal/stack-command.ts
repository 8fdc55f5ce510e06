import { stripVTControlCharacters } from "node:util";
import { describeDamage, howToRestore, isHarm } from "../../lab/faults/existing-damage.ts";
import { Lab } from "../../lab/lab.ts";
import { LabError } from "../../lab/lab-error.ts";
import type { StackNews } from "../../lab/stacks/open-stack.ts";
import type { RunTarget } from "../../lab/stacks/run-target.ts";
import type { RunningStack } from "../../lab/stacks/running-stack.ts";
import type { Link } from "../../lab/stacks/stack-file.ts";
import { type Command, EXIT, oneOf, readArguments, type Terminal } from "./command.ts";
import type { LiveScreen } from "./live-screen.ts";
import { restoreStack } from "./restore-command.ts";
import { namesStack, progressText, TARGET_HELP, TARGET_OPTIONS, targetOf } from "./target-options.ts";
import { withLab } from "./with-lab.ts";

const options = { ...TARGET_OPTIONS, volumes: { type: "boolean", default: false } } as const;
type Values = ReturnType<typeof readArguments<typeof options>>["values"];

export const stackCommand: Command = {
  help: `resilience-lab stack up [options]
resilience-lab stack down [options] [--volumes]
resilience-lab stack status [options]
resilience-lab stack restore
resilience-lab stack secrets

\`up\` leaves the stack up; \`run\` then uses it and leaves it as it was found. \`down\` removes what \`up\` started:
processes with their data, containers and networks; named volumes of a stack on Docker are kept, as with docker compose,
unless --volumes is given. A compose project (--project NAME, or --stack FILE of a file without x-lab) is brought up and
removed by docker compose. A gateway by its address (--gateway URL) is reached through a local address that \`up\` prints:
callers that use it are on the link client->gateway, which can be broken. \`status\` exits 0 when every service is up and nothing is broken; otherwise it lists toxics and
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
    const wanted = targetOf(values, { start: "bring up", keep: true });
    if (wanted.source.is === "project") return compose("up", wanted, { lab, screen, terminal });
    const target = await lab.resolve(wanted);
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

/** A person's project is docker compose's to bring up and to remove. */
async function compose(
  verb: "up" | "down" | "down with volumes",
  { source, ...target }: RunTarget,
  { lab, screen, terminal }: { lab: Lab; screen: LiveScreen; terminal: Terminal },
): Promise<number> {
  if (source.is !== "project" || target.driver !== "docker") throw new LabError("internal", "no compose project");
  const { engine } = target;
  await lab.projects.compose(source.project, verb, {
    signal: terminal.signal,
    onLine: (line) => screen.line(stripVTControlCharacters(line)),
    named: source.files,
    allowRemote: engine.by === "environment" && engine.allowRemote,
  });
  screen.line(verb === "up" ? `${source.project} is up` : `${source.project} is removed`);
  return EXIT.green;
}

async function down(values: Values, terminal: Terminal): Promise<number> {
  const named = namesStack(values) ? targetOf(values, { start: "attach", keep: false }) : undefined;
  if (named === undefined) assertOwnStack("down", values);
  return withLab(terminal, async (lab, screen) => {
    if (named?.source.is === "project") {
      assertRestored(lab, named.source.project);
      return compose(values.volumes ? "down with volumes" : "down", named, { lab, screen, terminal });
    }
    const only = named === undefined ? undefined : await lab.resolve(named);
    if (named !== undefined) await assertUp(lab, named);
    await lab.work("taking a stack down", terminal.signal, async (session) => {
      const isDown = await session.stacks.down(
        {
          report: ({ service, state }) => {
            if (state === "stopped") screen.line(`${service} stopped`);
          },
          volumes: values.volumes ? "all" : "none",
        },
        only,
      );
      screen.line(isDown ? "stack down: nothing is left running" : "no stack is up");
    });
    return EXIT.green;
  });
}

async function assertUp(lab: Lab, target: RunTarget): Promise<void> {
  const isUp = await lab.withStack(async (running) => running !== undefined, target);
  if (!isUp)
    throw new LabError("precondition", "it is not up", { hint: "`resilience-lab stack status` shows what is" });
}

/** What compose removes cannot be restored. */
function assertRestored(lab: Lab, project: string): void {
  if (!lab.hasFaultsOn(project)) return;
  throw new LabError("precondition", `faults are in force on ${project}`, {
    hint: `undo them first: resilience-lab restore --project ${project}`,
  });
}

/** A service that runs and is not up is checked for this long before that is reported. */
const SETTLE_LIMIT_MS = 3_000;

/** These work on what `stack up` left up: another stack that is named would silently not be meant. */
function assertOwnStack(action: string, values: Values): void {
  if (!namesStack(values) && values.driver === undefined) return;
  const named = values.project ?? "NAME";
  throw new LabError("bad-input", `stack ${action} is about the stack that \`stack up\` left up, and takes no other`, {
    hint: `a project of your own: docker compose -p ${named} ${action === "down" ? "down" : "ps"}`,
  });
}

async function status(values: Values, terminal: Terminal): Promise<number> {
  if (!namesStack(values)) assertOwnStack("status", values);
  const target = namesStack(values) ? targetOf(values, { start: "attach", keep: false }) : undefined;
  return withLab(terminal, async (lab, screen) => {
    const left = lab.reportUnrestored();
    const show = async (running: RunningStack | undefined): Promise<number> => {
      if (running === undefined) {
        const which = target === undefined ? "no stack" : "it";
        screen.line(
          `${which} is ${target === undefined ? "up" : "not up"}; \`resilience-lab stack up\` brings ${target === undefined ? "one" : "it"} up`,
        );
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
      for (const line of entrances(running, running.stack.links)) screen.line(line);
      const { damage, unread } = await lab.inspect(running);
      const harm = damage.filter(isHarm);
      for (const each of harm) screen.line(`broken: ${describeDamage(each)}`);
      for (const each of unread) screen.line(`not known: ${each}`);
      if (harm.length > 0) screen.line(howToRestore(running));
      const isIntact = harm.length === 0 && unread.length === 0;
      return isIntact && health.every(({ status: is }) => is === "up") ? EXIT.green : EXIT.failed;
    };
    const codes = target === undefined ? await lab.withEachLeftUp(show) : [await lab.withStack(show, target)];
    const code = codes.every((each) => each === EXIT.green) ? EXIT.green : EXIT.failed;
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
    const [file] = values.stack ?? [];
    lab.loadStack(file === undefined ? { is: "reference" } : { is: "compose file", file });
    terminal.out.write(`${lab.secretsFile}\n`);
    return EXIT.green;
  } finally {
    await lab.close();
  }
}

function addresses(running: RunningStack): string[] {
  const { services, links } = running.stack;
  return [
    ...services.map(({ name, endpoint, runsAt }) => {
      const path = runsAt === undefined && endpoint?.startsWith("/") ? endpoint : "";
      return `${name.padEnd(14)} ${running.shownAddress(name) ?? "-"}${path}`;
    }),
    ...entrances(running, links),
  ];
}

/** What callers of a gateway elsewhere are to be configured with. */
function entrances(running: RunningStack, links: readonly Link[]): string[] {
  return links.flatMap(({ name }) => {
    const address = running.linkAddress(name);
    return address === undefined ? [] : [`${name.padEnd(14)} ${address}  put it into the caller's configuration`];
  });
}

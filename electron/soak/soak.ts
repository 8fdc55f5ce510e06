/**
 * `npm run soak -- [NAME] [OPTIONS]`: long versions of what the tests do a few times. Without a name it lists the soaks; options
 * alone are those of {@link UNNAMED}. A soak is a separate program that reads its options, prints its results and exits 1 when they are wrong; a new one is an
 * entry here.
 */
interface Soak {
  what: string;
  options: string;
  run(): Promise<unknown>;
}

const SOAKS: Record<string, Soak> = {
  kill: {
    what: "kills labs during a run and checks that everything they had broken is restored",
    options: "[--driver process|docker] [--count 200] [--seed N]",
    run: () => import("../lab/watchdog/soak-kill.ts"),
  },
  scenarios: {
    what: "runs every shipped scenario repeatedly and counts the runs that did not pass",
    options: "[--count 100] [--labs 2]",
    run: () => import("./shipped-scenarios.ts"),
  },
  audit: {
    what: "stops the audit database and the gateway in all combinations and counts the rows of answered calls",
    options: "[SECONDS]",
    run: () => import("../../resources/stack/gateway/audit/soak.ts"),
  },
  saved: {
    what: "kills labs while they stream thousands of events and checks that everything reported as saved is stored",
    options: "[--count 20] [--seed N]",
    run: () => import("./reported-is-saved.ts"),
  },
  memory: {
    what: "runs scenarios in one lab and measures what it retains of each",
    options: "[--count 1000]",
    run: () => import("./run-memory.ts"),
  },
  leaks: {
    what: "stops and starts a container repeatedly and checks that no socket, listener or handle is left",
    options: "[--count 50]",
    run: () => import("./docker-leaks.ts"),
  },
  "sidecar-kills": {
    what: "kills labs at each and at random moments while they break a link on Docker, and checks that nothing of them is left",
    options: "[--count 60] [--seed N]",
    run: () => import("./sidecar-kills.ts"),
  },
  "same-decisions": {
    what: "runs every shipped scenario on Docker and on processes and compares the decisions row by row",
    options: "",
    run: () => import("./same-decisions.ts"),
  },
  "public-projects": {
    what: "breaks five compose projects of public programs in the window, three of which the tests leave out",
    options: "",
    run: () => import("./public-projects.ts"),
  },
  roles: {
    what: "opens nine compose projects of public programs and checks what the lab takes their services for",
    options: "",
    run: () => import("./project-roles.ts"),
  },
  "leaks-trend": {
    what: "drives load through a gateway and names what grows in any service; five planted leaks must be named",
    options: "[--minutes 20] [--planted-minutes 1]",
    run: () => import("./leaks-trend/main.ts"),
  },
  queue: {
    what: "queues thousands of runs on one PostgreSQL for workers that are killed at random, and measures the queue",
    options: "[--runs 10000] [--workers 50] [--seed N]",
    run: () => import("./queue-simulation/main.ts"),
  },
  "durable-kills": {
    what: "kills workers, API servers and the database of submitted runs at random moments, and checks that each run ends once",
    options: "[--count 200] [--seed N]",
    run: () => import("./durable-kills.ts"),
  },
  fuzz: {
    what: "sends malformed API calls and mutated streams to a fault proxy",
    options: "[--count 10000] [--seed N]",
    run: () => import("../../resources/stack/fault-proxy/fuzz.ts"),
  },
};

/** Such as `npm run soak -- --minutes 20`. */
const UNNAMED = "leaks-trend";

const LIST = Object.entries(SOAKS)
  .map(([name, { what, options }]) => `  ${name.padEnd(15)} ${what}\n                  ${options}\n`)
  .join("");

const given = process.argv.slice(2);
const isHelp = given[0] === "--help" || given[0] === "-h";
const [name, ...options] = given[0]?.startsWith("-") && !isHelp ? [UNNAMED, ...given] : given;
const soak = name === undefined ? undefined : SOAKS[name];
if (soak !== undefined) {
  process.argv.splice(2, Infinity, ...options);
  await soak.run();
} else {
  const isAsked = name === undefined || isHelp;
  if (!isAsked) process.stderr.write(`soak: there is none called "${name}"\n`);
  (isAsked ? process.stdout : process.stderr).write(
    `npm run soak -- [NAME] [OPTIONS], where options alone are those of ${UNNAMED}\n\n${LIST}`,
  );
  process.exitCode = isAsked ? 0 : 2;
}

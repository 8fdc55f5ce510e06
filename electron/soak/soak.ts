/**
 * `npm run soak -- NAME [OPTIONS]`: what the tests do a few times, done for as long as it takes to believe it. Without a name it
 * lists what there is. A soak is a program of its own that reads its options, prints what it saw and exits 1 when that was not
 * what it should be; a new one is a line here.
 */
interface Soak {
  what: string;
  options: string;
  run(): Promise<unknown>;
}

const SOAKS: Record<string, Soak> = {
  kill: {
    what: "kills labs in mid-run and looks whether everything that they had broken is put back",
    options: "[--driver process|docker] [--count 200] [--seed N]",
    run: () => import("../lab/watchdog/soak-kill.ts"),
  },
  scenarios: {
    what: "runs every shipped scenario over and over and counts the runs that did not pass",
    options: "[--count 100] [--labs 2]",
    run: () => import("./shipped-scenarios.ts"),
  },
  audit: {
    what: "takes the audit database and the gateway away in all combinations and counts the rows of answered calls",
    options: "[SECONDS]",
    run: () => import("../../resources/stack/gateway/audit/soak.ts"),
  },
  saved: {
    what: "kills labs while their windows are told of thousands of events and looks for what was told to be saved",
    options: "[--count 20] [--seed N]",
    run: () => import("./told-is-saved.ts"),
  },
  memory: {
    what: "runs scenarios in one lab and measures what it keeps of each",
    options: "[--count 1000]",
    run: () => import("./run-memory.ts"),
  },
  fuzz: {
    what: "throws malformed API calls and mutated streams at a fault proxy",
    options: "[--count 10000] [--seed N]",
    run: () => import("../../resources/stack/fault-proxy/fuzz.ts"),
  },
};

const LIST = Object.entries(SOAKS)
  .map(([name, { what, options }]) => `  ${name.padEnd(9)} ${what}\n            ${options}\n`)
  .join("");

const [name, ...options] = process.argv.slice(2);
const soak = name === undefined ? undefined : SOAKS[name];
if (soak !== undefined) {
  process.argv.splice(2, Infinity, ...options);
  await soak.run();
} else {
  const isAsked = name === undefined || name === "--help" || name === "-h";
  if (!isAsked) process.stderr.write(`soak: there is none called "${name}"\n`);
  (isAsked ? process.stdout : process.stderr).write(`npm run soak -- NAME [OPTIONS]\n\n${LIST}`);
  process.exitCode = isAsked ? 0 : 2;
}

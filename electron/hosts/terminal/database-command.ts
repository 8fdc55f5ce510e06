import { migrateDatabase, readDatabaseState } from "../../lab/history/database-state.ts";
import type { StoreLocation } from "../../lab/history/history-threads.ts";
import { moveQueue } from "../../lab/history/move-queue.ts";
import { moveRuns } from "../../lab/history/move-runs.ts";
import { openQueueStore } from "../../lab/history/open-queue-store.ts";
import { openRunStore } from "../../lab/history/open-run-store.ts";
import { describeLocation, storeLocation } from "../../lab/history/store-location.ts";
import { dataFolder, openHome } from "../../lab/home.ts";
import { LabError } from "../../lab/lab-error.ts";
import { type Command, EXIT, oneOf, readArguments, type Terminal } from "./command.ts";

const options = { to: { type: "string", default: "postgres" } } as const;
type Postgres = StoreLocation & { kind: "postgres" };

export const databaseCommand: Command = {
  help: `resilience-lab database status
resilience-lab database migrate
resilience-lab database move [--to postgres|sqlite]

Runs are kept in a SQLite file of the data folder, or in the PostgreSQL that RESILIENCE_LAB_DATABASE_URL names (or the file
that RESILIENCE_LAB_DATABASE_URL_FILE names contains), in the schema resilience_lab (RESILIENCE_LAB_DATABASE_SCHEMA).
\`migrate\` brings that schema to this version, as each start does. \`move\` copies all runs, and the submitted ones that have ended, from
one to the other and compares each copy with its original; the originals stay, and a move that was cut short may be repeated.

Exit: 0 done, 1 runs were not moved, 2 bad input or no database.`,
  async run(args, terminal) {
    const { values, positionals } = readArguments("database", args, options);
    const [action = "", ...more] = positionals;
    const wanted = oneOf("database", action, ["status", "migrate", "move"]);
    if (more.length > 0) throw new LabError("bad-input", `database ${wanted} takes no "${more[0]}"`);
    const { historyFile } = openHome(dataFolder(terminal.environment));
    const location = storeLocation(terminal.environment, historyFile);
    if (wanted === "status") return status(location, terminal);
    if (location.kind !== "postgres") {
      throw new LabError("bad-input", "no PostgreSQL is named", { hint: "set RESILIENCE_LAB_DATABASE_URL" });
    }
    if (wanted === "migrate") return migrate(location, terminal);
    const to = oneOf("--to", values.to, ["postgres", "sqlite"]);
    return move(location, { kind: "sqlite", file: historyFile }, to, terminal);
  },
};

async function status(location: StoreLocation, { out }: Terminal): Promise<number> {
  out.write(
    `runs are kept in ${location.kind === "sqlite" ? "SQLite" : "PostgreSQL"}: ${describeLocation(location)}\n`,
  );
  if (location.kind === "postgres") {
    const { version, known } = await readDatabaseState(location);
    out.write(`format ${version}; this lab writes format ${known}\n`);
    if (version < known) {
      out.write("not migrated yet: `resilience-lab database migrate`, or any command that records\n");
      return EXIT.green;
    }
  }
  const store = await openRunStore(location);
  try {
    if (store.readOnlyBecause !== undefined) out.write(`read only: ${store.readOnlyBecause}\n`);
    const { retention } = await store.list({ limit: 1 });
    out.write(`${retention.runs} runs, ${retention.pinned} of them pinned, ${retention.bytes} bytes\n`);
  } finally {
    await store.close();
  }
  return EXIT.green;
}

async function migrate(location: Postgres, { out }: Terminal): Promise<number> {
  const before = await readDatabaseState(location);
  const { version } = await migrateDatabase(location);
  const at = describeLocation(location);
  out.write(
    before.version === version ? `${at} has format ${version}\n` : `${at}: format ${before.version} -> ${version}\n`,
  );
  return EXIT.green;
}

async function move(
  postgres: Postgres,
  sqlite: StoreLocation,
  to: "postgres" | "sqlite",
  { out, err, signal }: Terminal,
): Promise<number> {
  const [from, target] = to === "postgres" ? [sqlite, postgres] : [postgres, sqlite];
  const opened: { close(): Promise<void> }[] = [];
  const closedAtEnd = <Store extends { close(): Promise<void> }>(store: Store) => {
    opened.push(store);
    return store;
  };
  try {
    const source = closedAtEnd(await openRunStore(from));
    const destination = closedAtEnd(await openRunStore(target));
    const recorded = await moveRuns(source, destination, signal);
    const queues = [closedAtEnd(await openQueueStore(from)), closedAtEnd(await openQueueStore(target))] as const;
    const submitted = await moveQueue(...queues, signal);
    const to = `copied to ${describeLocation(target)} and compared: equal`;
    out.write(`${recorded.runs} runs with ${recorded.events} events ${to}\n`);
    if (recorded.alreadyThere > 0)
      out.write(`${recorded.alreadyThere} runs were there already, with the same content\n`);
    out.write(`${submitted.runs} submitted runs with ${submitted.results} results ${to}\n`);
    if (submitted.alreadyThere > 0) {
      out.write(`${submitted.alreadyThere} submitted runs were there already, with the same content\n`);
    }
    const kept = [...recorded.kept, ...submitted.kept];
    for (const { runId, because } of kept) err.write(`not copied: ${runId}, ${because}\n`);
    return kept.length === 0 ? EXIT.green : EXIT.failed;
  } finally {
    for (const store of opened) await store.close();
  }
}

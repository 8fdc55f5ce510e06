import { migrateDatabase, readDatabaseState } from "../../lab/history/database-state.ts";
import type { StoreLocation } from "../../lab/history/history-threads.ts";
import { moveRuns } from "../../lab/history/move-runs.ts";
import { openRunStore } from "../../lab/history/open-run-store.ts";
import type { RunStore } from "../../lab/history/run-store.ts";
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
\`migrate\` brings that schema to this version, as each start does. \`move\` copies all runs from one to the other and compares
each copy with its original; the originals stay, and a move that was cut short may be repeated.

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
  const stores: RunStore[] = [];
  try {
    for (const location of [from, target]) stores.push(await openRunStore(location));
    const [source, destination] = stores as [RunStore, RunStore];
    const { runs, events, alreadyThere, kept } = await moveRuns(source, destination, signal);
    out.write(`${runs} runs with ${events} events copied to ${describeLocation(target)} and compared: equal\n`);
    if (alreadyThere > 0) out.write(`${alreadyThere} runs were there already, with the same content\n`);
    for (const { runId, because } of kept) err.write(`not copied: ${runId}, ${because}\n`);
    return kept.length === 0 ? EXIT.green : EXIT.failed;
  } finally {
    for (const store of stores) await store.close();
  }
}

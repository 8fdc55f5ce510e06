import { readFileSync } from "node:fs";
import { LabError, messageOf } from "../lab-error.ts";
import type { StoreLocation } from "./history-threads.ts";

const DEFAULT_SCHEMA = "resilience_lab";
const NAME = "RESILIENCE_LAB_DATABASE_URL";

/**
 * Where runs are kept: the PostgreSQL that RESILIENCE_LAB_DATABASE_URL names, or the file that RESILIENCE_LAB_DATABASE_URL_FILE
 * names contains; else the SQLite file of the data folder. RESILIENCE_LAB_DATABASE_SCHEMA: the lab's schema in the database.
 * @throws LabError `bad-input` for a file that cannot be read, or an address or schema that is none
 */
export function storeLocation(environment: NodeJS.ProcessEnv, historyFile: string): StoreLocation {
  const url = databaseUrl(environment);
  if (url === undefined) return { kind: "sqlite", file: historyFile };
  if (!/^postgres(ql)?:$/.test(URL.parse(url)?.protocol ?? "")) {
    throw new LabError("bad-input", `${NAME} is not the address of a PostgreSQL`, {
      hint: "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE",
    });
  }
  const schema = environment.RESILIENCE_LAB_DATABASE_SCHEMA || DEFAULT_SCHEMA;
  // PostgreSQL's 63 characters less "_dispatch".
  if (!/^[a-z_][a-z0-9_]{0,53}$/.test(schema)) {
    throw new LabError("bad-input", `RESILIENCE_LAB_DATABASE_SCHEMA cannot be "${schema}"`, {
      hint: "use lower-case letters, digits and underscores, at most 54",
    });
  }
  return { kind: "postgres", url, schema };
}

function databaseUrl(environment: NodeJS.ProcessEnv): string | undefined {
  const file = environment[`${NAME}_FILE`];
  if (!file) return environment[NAME] || undefined;
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new LabError("bad-input", `${NAME}_FILE cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** Without user and password. */
export function describeLocation(location: StoreLocation): string {
  if (location.kind === "sqlite") return location.file;
  const { host, pathname } = new URL(location.url);
  return `${host}${pathname}, schema ${location.schema}`;
}

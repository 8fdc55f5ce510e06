import { resolve } from "node:path";
import { type EnvironmentReader, readEnvironment, type Variables } from "../http/environment.ts";

export interface Configuration {
  host: string;
  port: number;
  dataFolder: string;
  user: string;
  password: string;
  database: string;
}

export function readConfiguration(variables: Variables): Configuration {
  return readEnvironment(variables, (environment) => ({
    host: environment.optionalString("HOST") ?? "127.0.0.1",
    port: readPort(environment),
    dataFolder: resolve(environment.string("DATA_FOLDER", "/var/lib/resilience-lab/audit-db")),
    user: readName(environment, "POSTGRES_USER", "lab"),
    password: readText(environment, "POSTGRES_PASSWORD", "32-random-characters"),
    database: readName(environment, "POSTGRES_DB", "audit"),
  }));
}

/** PostgreSQL cannot choose a free port itself. */
function readPort(environment: EnvironmentReader): number {
  return environment.integer("PORT", { fallback: 5432, min: 1, max: 65_535 });
}

/** PostgreSQL truncates names to 63 bytes and reserves roles with the prefix pg_. */
function readName(environment: EnvironmentReader, name: string, example: string): string {
  const value = readText(environment, name, example);
  if (Buffer.byteLength(value) > 63)
    environment.problem(`${name} is longer than 63 bytes. Use a shorter one, for example ${example}`);
  if (value.startsWith("pg_"))
    environment.problem(`${name} begins with pg_, which PostgreSQL reserves. Use for example ${example}`);
  // pg_hba.conf would interpret it as a regular expression.
  if (value.startsWith("/")) environment.problem(`${name} begins with a slash. Use for example ${example}`);
  return value;
}

/** Values are passed to PostgreSQL in a file and in single-line SQL statements. */
function readText(environment: EnvironmentReader, name: string, example: string): string {
  const value = environment.string(name, example);
  if (/\p{Cc}/u.test(value))
    environment.problem(`${name} contains a control character. Use printable ones, for example ${example}`);
  return value;
}

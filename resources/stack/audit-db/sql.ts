/** SQL for PostgreSQL's single-user mode, which takes one statement a line. */
import type { Configuration } from "./configuration.ts";

/** The role, with the password as it is now, and the database. The last one fails where it exists already. */
export function roleAndDatabaseSql({ user, password, database }: Configuration): string {
  const change = `ROLE ${identifier(user)} WITH SUPERUSER LOGIN PASSWORD ${literal(password)}`;
  const body =
    `BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = ${literal(user)}) ` +
    `THEN ALTER ${change}; ELSE CREATE ${change}; END IF; END`;
  return `DO ${literal(body)};\nCREATE DATABASE ${identifier(database)} OWNER ${identifier(user)};\n`;
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** With E, a backslash means the same whatever standard_conforming_strings is. */
function literal(text: string): string {
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/** SQL for PostgreSQL's single-user mode, which reads one statement per line and runs it as the bootstrap superuser. */
import type { Configuration } from "./configuration.ts";

/** The bootstrap superuser. It has no password and no access rule admits it, so only single-user mode can act as it. */
export const superuser = "resilience_lab_superuser";

/** Printed if the database still belongs to the superuser: it was created by a version without a separate role. */
export const oldOwnership = "resilience-lab: the database belongs to the superuser";

const bootstrap = 10;

/**
 * In the database `postgres`: the role, with the current password and no rights beyond its own database, and the database.
 * CREATE DATABASE fails if it already exists.
 *
 * In clusters of earlier versions the role was the bootstrap superuser. That one cannot lose its rights, and ALTER ROLE
 * cannot rename the session's user, so its name is changed in the catalogue.
 */
export function roleAndDatabaseSql({ user, password, database }: Configuration): string {
  const rights = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS LOGIN";
  const change = `ROLE ${identifier(user)} WITH ${rights} PASSWORD ${literal(password)}`;
  return lines(
    `UPDATE pg_authid SET rolname = ${literal(superuser)}, rolpassword = NULL WHERE oid = ${bootstrap}`,
    block(
      `IF EXISTS (SELECT FROM pg_roles WHERE rolname = ${literal(user)}) ` +
        `THEN ALTER ${change}; ELSE CREATE ${change}; END IF;`,
    ),
    block(
      `IF EXISTS (SELECT FROM pg_database WHERE datname = ${literal(database)} AND datdba = ${bootstrap}) ` +
        `THEN RAISE WARNING ${literal(oldOwnership)}; END IF;`,
    ),
    `CREATE DATABASE ${identifier(database)} OWNER ${identifier(user)}`,
  );
}

/** In the database itself: gives the superuser's objects to the role; the database last, so the next start can resume. */
export function ownershipSql({ user, database }: Configuration): string {
  const owner = `OWNER TO ${identifier(user)}`;
  const foreign = `nspname NOT LIKE ${literal("pg\\_%")} AND nspname <> 'information_schema'`;
  const each = (query: string, statement: string): string =>
    block(
      `FOR x IN ${query} LOOP EXECUTE format(${literal(`ALTER ${statement} ${owner}`)}, VARIADIC x.parts); END LOOP;`,
    );
  return lines(
    each(
      `SELECT ARRAY[CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ` +
        `ELSE 'TABLE' END, nspname, relname] AS parts FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace ` +
        `WHERE relowner = ${bootstrap} AND relkind IN ('r', 'p', 'v', 'm', 'S') AND ${foreign} ` +
        // A sequence owned by a column has the owner of its table.
        `AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass ` +
        `AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass)`,
      "%s %I.%I",
    ),
    each(
      `SELECT ARRAY[p.oid::regprocedure::text] AS parts FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace ` +
        `WHERE proowner = ${bootstrap} AND ${foreign}`,
      "ROUTINE %s",
    ),
    each(`SELECT ARRAY[nspname] AS parts FROM pg_namespace WHERE nspowner = ${bootstrap} AND ${foreign}`, "SCHEMA %I"),
    `ALTER DATABASE ${identifier(database)} ${owner}`,
  );
}

/** A name quoted for SQL and pg_hba.conf. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function block(body: string): string {
  return `DO ${literal(`DECLARE x record; BEGIN ${body} END`)}`;
}

function lines(...statements: readonly string[]): string {
  return statements.map((statement) => `${statement};\n`).join("");
}

/** With the E prefix, backslashes do not depend on standard_conforming_strings. */
function literal(text: string): string {
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

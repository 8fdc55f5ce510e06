/** SQL for PostgreSQL's single-user mode, which takes one statement a line and runs it as the bootstrap superuser. */
import type { Configuration } from "./configuration.ts";

/** The bootstrap superuser. It has no password and no access rule lets it in, so only single-user mode acts as it. */
export const superuser = "resilience_lab_superuser";

/** Printed where the database still belongs to the superuser: it was made by a version that had no role beside it. */
export const oldOwnership = "resilience-lab: the database belongs to the superuser";

const bootstrap = 10;

/**
 * In the database `postgres`: the role, with the password as it is now and no right beyond its own database, and the
 * database. The statement that creates it fails where it exists already.
 *
 * Clusters of earlier versions had the role as their bootstrap superuser. That one cannot lose its rights, and the user
 * of a session cannot be renamed by ALTER ROLE, so its name is changed in the catalogue.
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

/** In the database itself: what the superuser made there becomes the role's; the database last, so that a start that is cut off is seen. */
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
        // A sequence that belongs to a column has the owner of its table.
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

/** A name as SQL and pg_hba.conf quote it. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function block(body: string): string {
  return `DO ${literal(`DECLARE x record; BEGIN ${body} END`)}`;
}

function lines(...statements: readonly string[]): string {
  return statements.map((statement) => `${statement};\n`).join("");
}

/** With E, a backslash means the same whatever standard_conforming_strings is. */
function literal(text: string): string {
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

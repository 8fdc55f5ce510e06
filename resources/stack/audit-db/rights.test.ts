/** What a client with the password can do: use the one database, and nothing else on this machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, expect, test } from "vitest";
import { freePort } from "../http/testing/free-port.ts";
import { killServices, startService } from "../http/testing/service-process.ts";
import { accountForPostgres } from "./account.ts";
import { findBinaries } from "./binaries.ts";

const folders: string[] = [];
afterEach(killServices);
afterAll(() => folders.forEach((folder) => void rmSync(folder, { recursive: true, force: true })));

const entry = join(import.meta.dirname, "main.ts");
const password = "of-this-data-folder";

function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "audit-rights-"));
  folders.push(folder);
  return folder;
}

async function start(dataFolder: string) {
  const port = await freePort();
  const variables = { POSTGRES_USER: "lab", POSTGRES_PASSWORD: password, POSTGRES_DB: "audit" };
  const service = startService(entry, { DATA_FOLDER: dataFolder, PORT: String(port), ...variables });
  await service.printed(/ready to accept connections/);
  const connect = async (config: pg.ClientConfig = {}): Promise<pg.Client> => {
    const client = new pg.Client({ host: "127.0.0.1", port, user: "lab", password, database: "audit", ...config });
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  return { ...service, connect };
}

test("the role owns its database and reaches no file, no program, no other database and no other role", async () => {
  const folder = openFolder();
  const written = join(tmpdir(), `audit-rights-${process.pid}.out`);
  const database = await start(join(folder, "data"));
  const client = await database.connect();
  await client.query("CREATE SCHEMA own; CREATE TABLE own.t (a int); CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
  const refused = [
    `COPY (SELECT 'x') TO PROGRAM 'cat > ${written}'`,
    `COPY t FROM PROGRAM 'touch ${written}; echo 1'`,
    `COPY t TO '${written}'`,
    "COPY t FROM '/etc/hostname'",
    "SELECT pg_read_file('/etc/hostname')",
    "SELECT pg_read_binary_file('PG_VERSION')",
    "SELECT pg_ls_dir('/')",
    "SELECT pg_stat_file('/etc/hostname')",
    "SELECT lo_import('/etc/hostname')",
    `SELECT lo_export(lo_create(0), '${written}')`,
    "SELECT rolpassword FROM pg_authid",
    "SET ROLE pg_read_server_files",
    "SET ROLE pg_execute_server_program",
    "SET SESSION AUTHORIZATION resilience_lab_superuser",
    "GRANT pg_write_server_files TO lab",
    "ALTER ROLE lab SUPERUSER",
    "CREATE ROLE other SUPERUSER",
    "CREATE DATABASE other",
    "ALTER SYSTEM SET archive_command = 'true'",
    "SET dynamic_library_path = '/tmp'",
    "LOAD '/tmp/other.so'",
    "CREATE FUNCTION f() RETURNS int AS '/tmp/other.so' LANGUAGE c",
    "CREATE EXTENSION file_fdw",
    "CREATE EXTENSION adminpack",
  ];
  const allowed: string[] = [];
  for (const statement of refused) {
    const code = await client.query(statement).then(
      () => "allowed",
      (error: pg.DatabaseError) => error.code,
    );
    // 0A000 and 58P01: the extension is not installed; every other code is a missing privilege.
    const codes = statement.startsWith("CREATE EXTENSION") ? ["42501", "0A000", "58P01"] : ["42501"];
    if (!codes.includes(String(code))) allowed.push(`${statement}: ${code}`);
  }
  expect(allowed).toEqual([]);
  expect(existsSync(written)).toBe(false);
  await client.end();
  for (const config of [{ database: "postgres" }, { database: "template1" }]) {
    await expect(database.connect(config)).rejects.toThrow("no pg_hba.conf entry");
  }
  for (const user of ["resilience_lab_superuser", "postgres", "root"]) {
    for (const attempt of [password, "", user]) {
      await expect(database.connect({ user, password: attempt })).rejects.toThrow(/no pg_hba.conf entry|password/);
    }
  }
});

test("a cluster whose role was the superuser keeps its rows; the role loses those rights", async () => {
  const folder = openFolder();
  const cluster = join(folder, "data", "cluster");
  await oldCluster(cluster);
  const database = await start(join(folder, "data"));
  expect(database.output()).toContain("revokes superuser rights from lab");
  const client = await database.connect();
  expect((await client.query("SELECT a, b FROM kept")).rows).toEqual([{ a: 7, b: "1" }]);
  await client.query("INSERT INTO kept (a) VALUES (8); ALTER TABLE kept ADD c int; CREATE TABLE more (a int)");
  expect((await client.query("SELECT rolsuper FROM pg_roles WHERE rolname = 'lab'")).rows).toEqual([
    { rolsuper: false },
  ]);
  await expect(client.query("COPY kept TO PROGRAM 'true'")).rejects.toMatchObject({ code: "42501" });
  await expect(client.query("SELECT elevated()")).rejects.toMatchObject({ code: "42501" });
  await client.end();
  await database.stop("SIGINT");
  const again = await start(join(folder, "data"));
  expect(again.output()).not.toContain("takes the rights");
});

/** As created by an earlier version: the role is the bootstrap superuser and owns a table and a function. */
async function oldCluster(cluster: string): Promise<void> {
  const account = accountForPostgres();
  const binaries = await findBinaries(import.meta.url, account);
  mkdirSync(cluster, { recursive: true });
  await once(spawn("chmod", ["-R", "a+rx", join(cluster, "..", "..")]), "close");
  if (account) await once(spawn("chown", [`${account.uid}:${account.gid}`, cluster]), "close");
  const run = async (program: string, args: readonly string[], input = ""): Promise<void> => {
    const child = spawn(program, args, { ...account, cwd: "/", stdio: ["pipe", "ignore", "inherit"] });
    child.stdin.end(input);
    const [code] = (await once(child, "close")) as [number];
    if (code !== 0) throw new Error(`${program} ended with ${code}`);
  };
  await run(binaries.initdb, ["-D", cluster, "--username=lab", "--auth=trust", "--encoding=UTF8", "--no-locale"]);
  const single = ["--single", "-D", cluster];
  await run(binaries.postgres, [...single, "postgres"], "CREATE DATABASE audit OWNER lab;\n");
  const made = [
    "CREATE TABLE kept (a int, b bigserial)",
    "INSERT INTO kept VALUES (7)",
    "CREATE INDEX kept_a ON kept (a)",
    "CREATE FUNCTION elevated() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT pg_read_file('PG_VERSION') $$",
  ];
  await run(binaries.postgres, [...single, "audit"], made.map((statement) => `${statement};\n`).join(""));
  writeFileSync(join(cluster, "pg_hba.conf"), "host all all all scram-sha-256\n");
}

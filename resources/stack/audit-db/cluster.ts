/**
 * The database cluster in the data folder: created once, checked and prepared at every start. After a crash the check also
 * performs recovery, so that PostgreSQL itself starts without delay.
 */
import { constants, existsSync, lchownSync } from "node:fs";
import { access, lchown, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StartError } from "../http/serve.ts";
import { type Account, canRun } from "./account.ts";
import type { Binaries } from "./binaries.ts";
import { copyTemplate, keepTemplate, templateFolder } from "./cluster-template.ts";
import type { Configuration } from "./configuration.ts";
import { refuseIfRunning } from "./postmaster-lock.ts";
import { runProgram } from "./program.ts";
import { settings } from "./settings.ts";
import { identifier, oldOwnership, ownershipSql, roleAndDatabaseSql, superuser } from "./sql.ts";

/** Child processes of a killed postmaster exit shortly after it; until then they use the cluster. */
const leftoverPatienceMs = 10_000;
const leftoverPollMs = 100;

const initdbArgs = [
  `--username=${superuser}`,
  // Affects only a file that is overwritten before the first start; the password is also set before.
  "--auth=trust",
  "--encoding=UTF8",
  "--no-locale",
  "--no-instructions",
];

export interface Cluster {
  folder: string;
  /** The path passed to PostgreSQL, which its account can traverse. */
  path: string;
  /** The working directory to start it in. */
  cwd: string;
}

export interface ClusterOptions {
  configuration: Configuration;
  binaries: Binaries;
  account: Account | undefined;
  signal: AbortSignal;
}

export async function prepareCluster(options: ClusterOptions): Promise<Cluster> {
  const { configuration, account } = options;
  const folder = join(configuration.dataFolder, "cluster");
  await ensureDataFolder(configuration.dataFolder);
  await refuseIfRunning(folder);
  if (existsSync(folder)) await giveTo(folder, account);
  if (!existsSync(join(folder, "PG_VERSION"))) await initialise(folder, options);
  await writeAccessRules(folder, options);
  const cluster = locate(folder, account);
  if (cluster.path !== folder) {
    console.log(`audit-db runs inside ${folder}, whose path the user nobody cannot traverse`);
  }
  await ensureRoleAndDatabase(cluster, options);
  return cluster;
}

async function ensureDataFolder(dataFolder: string): Promise<void> {
  try {
    await mkdir(dataFolder, { recursive: true });
    await access(dataFolder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(
      `DATA_FOLDER ${dataFolder} cannot be used (${code}). Set DATA_FOLDER to a folder of your own.`,
    );
  }
}

/** Created under a temporary name and renamed: an interrupted start never leaves a partial cluster. */
async function initialise(folder: string, options: ClusterOptions): Promise<void> {
  console.log(`audit-db creating its database cluster in ${folder}`);
  const aside = `${folder}.new`;
  const template = templateFolder(options.binaries, initdbArgs);
  await rm(aside, { recursive: true, force: true });
  if (copyTemplate(template, aside)) {
    await giveTo(aside, options.account);
    await runInitdb(aside, ["--sync-only"], options);
  } else {
    await rm(aside, { recursive: true, force: true });
    await mkdir(aside, { mode: 0o700 });
    await giveTo(aside, options.account);
    await runInitdb(aside, initdbArgs, options);
    keepTemplate(aside, template);
  }
  await rename(aside, folder);
}

async function runInitdb(folder: string, args: readonly string[], options: ClusterOptions): Promise<void> {
  const { binaries, account, signal } = options;
  const { path, cwd } = locate(folder, account);
  const run = { program: binaries.initdb, args: [`--pgdata=${path}`, ...args], account, cwd, signal };
  const { code, output } = await runProgram(run);
  if (code !== 0) throw new Error(`initdb ended with ${code}:\n${output.trim()}`);
}

/** The cluster may have been created by another user than root; PostgreSQL requires ownership of its data. */
async function giveTo(folder: string, account: Account | undefined): Promise<void> {
  const owner = await stat(folder);
  if (!account) {
    if (owner.uid === (process.getuid?.() ?? owner.uid)) return;
    throw new StartError(
      `${folder} belongs to another user. Start as that user, or set DATA_FOLDER to another folder.`,
    );
  }
  if (owner.uid === account.uid) return;
  for (const entry of await readdir(folder, { recursive: true })) {
    lchownSync(join(folder, entry), account.uid, account.gid);
  }
  lchownSync(folder, account.uid, account.gid);
}

/**
 * Where the account cannot traverse a parent folder (root's home, a private temporary folder), a process that was started
 * inside can still work there, and /proc/self/cwd is a path to it that needs no parent folder.
 */
function locate(folder: string, account: Account | undefined): Cluster {
  if (!account || canRun("/bin/sh", ["-c", 'cd "$1"', "sh", folder], account))
    return { folder, path: folder, cwd: "/" };
  if (process.platform !== "linux") {
    throw new StartError(
      `user nobody cannot reach ${folder}. Set DATA_FOLDER to a folder whose parents everyone may enter.`,
    );
  }
  return { folder, path: "/proc/self/cwd", cwd: folder };
}

/**
 * Only the role has access, with its password, to its own database; HOST determines the addresses it can connect from. No
 * rule admits the superuser.
 */
async function writeAccessRules(folder: string, { configuration, account }: ClusterOptions): Promise<void> {
  const file = join(folder, "pg_hba.conf");
  const { user, database } = configuration;
  await writeFile(file, `host ${identifier(database)} ${identifier(user)} all scram-sha-256\n`, { mode: 0o600 });
  if (account) await lchown(file, account.uid, account.gid);
}

async function ensureRoleAndDatabase(cluster: Cluster, options: ClusterOptions): Promise<void> {
  const { configuration } = options;
  const output = await runSql(cluster, "postgres", roleAndDatabaseSql(configuration), options);
  if (!output.includes(oldOwnership)) return;
  console.log(`audit-db revokes superuser rights from ${configuration.user}; its tables and rows are kept`);
  await runSql(cluster, configuration.database, ownershipSql(configuration), options);
}

/** Runs statements in single-user mode, after processes of an earlier instance have exited. Resolves to the output. */
async function runSql(cluster: Cluster, database: string, sql: string, options: ClusterOptions): Promise<string> {
  const { binaries, account, signal } = options;
  // Statements are never logged: one contains the password.
  const logging = ["-c", "log_line_prefix=%e ", "-c", "log_min_error_statement=panic"];
  const deadlineMs = performance.now() + leftoverPatienceMs;
  for (let attempt = 1; ; attempt += 1) {
    const { code, output } = await runProgram({
      program: binaries.postgres,
      args: ["--single", "-D", cluster.path, ...settings(), ...logging, database],
      account,
      cwd: cluster.cwd,
      input: sql,
      signal,
    });
    // 42P04: the database already exists, as at every start but the first.
    const problems = output
      .split("\n")
      .filter((line) => /^\w{5} (ERROR|FATAL|PANIC):/.test(line) && !line.startsWith("42P04"));
    if (code === 0 && problems.length === 0) return output;
    if (!/still in use|lock file .* already exists/.test(output)) {
      throw new Error(`PostgreSQL could not prepare ${cluster.folder}:\n${output.trim()}`);
    }
    if (performance.now() > deadlineMs) {
      throw new StartError(
        `${cluster.folder} is still in use by processes of an earlier PostgreSQL. End them and start again.`,
      );
    }
    if (attempt === 1) console.log("audit-db waiting for processes of an earlier PostgreSQL to end");
    await sleep(leftoverPollMs, undefined, { signal });
  }
}

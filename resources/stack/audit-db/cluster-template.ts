/**
 * A new cluster that is kept for later ones: initdb takes most of a second of processor time, a copy a fifth of it. It holds
 * no data and no secret, since it is kept before the role, its password and the access rules exist. Whatever fails here,
 * initdb does the work.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  cpSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Binaries } from "./binaries.ts";

/** The name is a digest of what a cluster depends on: a template of another PostgreSQL, or of other options, is not used. */
export function templateFolder({ cacheFolder, version }: Binaries, initdbArgs: readonly string[]): string {
  const dependsOn = JSON.stringify([version, process.platform, process.arch, ...initdbArgs]);
  return join(cacheFolder, `audit-db-${createHash("sha256").update(dependsOn).digest("hex").slice(0, 16)}`);
}

/** Copies the template to a folder that does not exist. False if there is no readable template; a part may then exist. */
export function copyTemplate(template: string, folder: string): boolean {
  if (!existsSync(join(template, "PG_VERSION"))) return false;
  // Node copies the modes of files, not those of folders.
  const umask = process.umask(0o077);
  try {
    cpSync(template, folder, { recursive: true });
    return true;
  } catch {
    return false;
  } finally {
    process.umask(umask);
  }
}

/** Complete or absent, also after a power cut: the template is copied under a temporary name, synced and then renamed. */
export function keepTemplate(folder: string, template: string): void {
  // npm's folder of packages has a cache; a packaged app has none, and nothing may be added to its files.
  if (!existsSync(dirname(template))) return;
  let aside: string | undefined;
  try {
    aside = mkdtempSync(`${template}-`);
    cpSync(folder, aside, { recursive: true });
    syncAll(aside);
    renameSync(aside, template);
  } catch {
    // The cache is not writable, or a concurrent start has kept its own.
    if (aside !== undefined) rmSync(aside, { recursive: true, force: true });
  }
}

function syncAll(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = openSync(join(entry.parentPath, entry.name), "r+");
    fsyncSync(file);
    closeSync(file);
  }
}

import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PROJECT_FOLDER } from "../lab/version.ts";

const CACHE = join(PROJECT_FOLDER, "node_modules", ".cache", "chromium");

/** A machine may lack libnspr4, libnss3, libexpat and fonts: they are then taken from the package. */
const START = `#!/bin/sh
here=\${0%/*}
export FONTCONFIG_FILE="$here/fonts.conf"
"$here/chromium" --version >/dev/null 2>&1 ||
  export LD_LIBRARY_PATH="$here/al2023/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
exec "$here/chromium" "$@"
`;
const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir prefix="relative">fonts/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

/**
 * The executable of the headless Chromium from npm, unpacked once for each version of its package.
 *
 * @throws Error when its package has none for this platform
 */
export async function unpackChromium(): Promise<string> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(`@sparticuz/chromium has none for ${process.platform} on ${process.arch}`);
  }
  const packageFolder = dirname(dirname(fileURLToPath(import.meta.resolve("@sparticuz/chromium"))));
  const { version } = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8"));
  const folder = join(CACHE, version);
  if (!existsSync(folder)) await unpack(join(packageFolder, "bin"), folder);
  return join(folder, "start");
}

/** Unpacked under a temporary name until complete: it may be interrupted, and another process may do the same. */
async function unpack(archives: string, folder: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const partial = await mkdtemp(`${folder}-`);
  try {
    const { inflate } = await import("@sparticuz/chromium");
    const before = process.env.TMPDIR;
    process.env.TMPDIR = partial;
    // The package unpacks into the temporary folder, which it reads when it is called.
    const unpacking = ["chromium.br", "fonts.tar.br", "al2023.tar.br"].map((name) => inflate(join(archives, name)));
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    await Promise.all(unpacking);
    await writeFile(join(partial, "fonts.conf"), FONTS);
    await writeFile(join(partial, "start"), START);
    for (const name of ["", "start", "chromium"]) await chmod(join(partial, name), 0o755);
    await rename(partial, folder);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { exportBundle, importBundle, verifyBundle } from "./index.ts";
import { type Forged, forgeZip, openForged } from "./testing/forge-zip.ts";
import { openHistory, RUN_1, recordRun } from "./testing/recorded-run.ts";

async function goodBundle(): Promise<string> {
  const history = await openHistory();
  await recordRun(history);
  const file = join(temporaryFolder(), "runs.zip");
  await exportBundle({ history, runIds: [RUN_1], file });
  return file;
}

/** The same files in a zip of another make. */
async function packedAgain(change: (files: Forged[]) => Forged[]): Promise<string> {
  const file = join(temporaryFolder(), "again.zip");
  forgeZip(file, change(openForged(await goodBundle())));
  return file;
}

const none = Buffer.alloc(0);
const folder = (path: string): Forged => ({ path, bytes: none, mode: 0o040755 });
const under = (prefix: string, files: Forged[]) => files.map((each) => ({ ...each, path: `${prefix}${each.path}` }));
const withBackslashes = (files: Forged[]) => files.map((each) => ({ ...each, path: each.path.replaceAll("/", "\\") }));
const inLatin1 = (text: string) => Buffer.from(text).toString("latin1");

test.each<[string, (files: Forged[]) => Forged[]]>([
  ["zip -r: entries for folders", (files) => [folder("runs/"), folder(`runs/${RUN_1}/`), ...files]],
  [
    "Finder: a folder around it, resource forks and its own files",
    (files) => [
      folder("run bundle/"),
      ...under("run bundle/", files),
      { path: "run bundle/.DS_Store", bytes: Buffer.from("x") },
      folder("__MACOSX/"),
      { path: "__MACOSX/._run bundle", bytes: Buffer.from("x") },
      { path: "__MACOSX/run bundle/._manifest.json", bytes: Buffer.from("x") },
    ],
  ],
  ["a folder with a name in another alphabet", (files) => under(inLatin1("läufe – 三/"), files)],
  [
    "Windows: a picture cache and settings of a folder",
    (files) => [
      ...files,
      { path: "Thumbs.db", bytes: Buffer.from("x") },
      { path: `runs/${RUN_1}/desktop.ini`, bytes: Buffer.from("x") },
    ],
  ],
  ["Windows: backslashes in the paths", (files) => withBackslashes([folder("runs/"), ...files])],
  ["Windows: backslashes and a folder around it", (files) => withBackslashes(under("run bundle/", files))],
  ["another order", (files) => files.toReversed()],
])("a bundle that was packed again is the same bundle: %s", async (_what, change) => {
  const file = await packedAgain(change);
  expect(await verifyBundle(file)).toMatchObject({ isValid: true, problems: [], runs: [{ runId: RUN_1 }] });
  const history = await openHistory();
  expect(await importBundle({ history, file })).toMatchObject({ imported: [{ runId: RUN_1 }] });
});

test("a zip with the bundle's zip in it, as artifact stores pack, also with other files beside it", async () => {
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith("resilience-lab-bundle-"));
  const bundle = { path: "my runs.zip", bytes: readFileSync(await goodBundle()) };
  const file = join(temporaryFolder(), "artifact.zip");
  forgeZip(file, [bundle]);
  expect(await verifyBundle(file)).toMatchObject({ isValid: true, runs: [{ runId: RUN_1 }] });
  const twice = { path: "artifact.zip", bytes: readFileSync(file) };
  forgeZip(file, [{ path: "junit report.xml", bytes: Buffer.from("<testsuites/>") }, twice]);
  expect(await verifyBundle(file)).toMatchObject({ isValid: true, runs: [{ runId: RUN_1 }] });
  const after = readdirSync(tmpdir()).filter((name) => name.startsWith("resilience-lab-bundle-"));
  expect(after).toEqual(before);
});

test("several bundles in one zip are refused with what to do", async () => {
  const bytes = readFileSync(await goodBundle());
  const file = join(temporaryFolder(), "both.zip");
  forgeZip(file, [
    { path: "a.zip", bytes },
    { path: "b.zip", bytes },
  ]);
  expect((await verifyBundle(file)).problems).toEqual(["it has 2 zip files in it; unpack it, and give each of them"]);
});

test("zips in zips are unpacked to a limit", async () => {
  const file = await goodBundle();
  for (let depth = 0; depth < 3; depth++) forgeZip(file, [{ path: "inner.zip", bytes: readFileSync(file) }]);
  expect((await verifyBundle(file)).problems).toEqual(["it is a zip in zips; unpack it first"]);
});

async function unpacked(prefix = ""): Promise<string> {
  const target = temporaryFolder();
  for (const { path, bytes } of openForged(await goodBundle())) {
    mkdirSync(dirname(join(target, prefix, path)), { recursive: true });
    writeFileSync(join(target, prefix, path), bytes);
  }
  return target;
}

test.each(["", "run bundle"])("the folder that it was unpacked to is read too: %j", async (prefix) => {
  const target = await unpacked(prefix);
  writeFileSync(join(target, ".DS_Store"), "x");
  expect(await verifyBundle(target)).toMatchObject({ isValid: true, runs: [{ runId: RUN_1 }] });
  const history = await openHistory();
  expect(await importBundle({ history, file: target })).toMatchObject({ imported: [{ runId: RUN_1 }] });
});

test("a folder is trusted no more than a zip: changed, added and linked files are refused", async () => {
  const changed = await unpacked();
  writeFileSync(join(changed, `runs/${RUN_1}/scenario.yaml`), "id: other\n");
  expect((await verifyBundle(changed)).problems[0]).toMatch(/scenario\.yaml has \d+ bytes and should have/);
  const added = await unpacked();
  writeFileSync(join(added, "more.txt"), "x");
  expect((await verifyBundle(added)).problems[0]).toMatch(/more\.txt is not declared/);
  const linked = await unpacked();
  symlinkSync("/etc/passwd", join(linked, "link"));
  expect((await verifyBundle(linked)).problems[0]).toMatch(/link is a link or a device/);
});

import { copyFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EVENT_VERSION } from "../../model/upgrade.ts";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { eventsIn } from "../../testing/stored-events.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import type { RunStore } from "../history/run-store.ts";
import { SqliteRunStore } from "../history/sqlite/sqlite-run-store.ts";
import { BundleProblem, type RefusalReason } from "./bundle-problem.ts";
import { type BundleLimits, LIMITS } from "./format.ts";
import { exportBundle, importBundle, verifyBundle } from "./index.ts";
import { changeManifest, type Forged, forgeZip, openForged, tamper } from "./testing/forge-zip.ts";
import { openHistory, RUN_1, RUN_2, RUN_FILES, recordRun } from "./testing/recorded-run.ts";

const EVENTS = `runs/${RUN_1}/events.ndjson`;
const RUN = `runs/${RUN_1}/run.json`;

const folder = lastingFolder();
const exported = join(folder, "exported.zip");
/** Empty, and still so after each refusal. */
let refusing: RunStore;

beforeAll(async () => {
  const recorded = await SqliteRunStore.open(join(folder, "recorded.db"));
  await recordRun(recorded);
  await exportBundle({ viewer: { script: "0", style: "" }, history: recorded, runIds: [RUN_1], file: exported });
  await recorded.close();
  refusing = await SqliteRunStore.open(join(folder, "refusing.db"));
});
afterAll(() => refusing.close());

/** A copy of its own for each test. */
function goodBundle(): string {
  const file = join(temporaryFolder(), "runs.zip");
  copyFileSync(exported, file);
  return file;
}

/** Expects that import and verification refuse it for this reason, and that nothing of it is stored. */
async function expectRefused(
  file: string,
  reason: RefusalReason,
  limits: BundleLimits = LIMITS,
): Promise<BundleProblem> {
  const problem = await importBundle({ history: refusing, file, limits }).catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(BundleProblem);
  expect(problem).toMatchObject({ reason });
  expect((await refusing.list({ limit: 9 })).runs).toEqual([]);
  const verified = await verifyBundle(file, { limits });
  expect(verified).toMatchObject({ isValid: false, runs: [] });
  expect(verified.problems[0]).toContain((problem as BundleProblem).message);
  return problem as BundleProblem;
}

const replaced = (entries: Map<string, Buffer>, path: string, from: string | RegExp, to: string) =>
  entries.set(path, Buffer.from(String(entries.get(path)).replace(from, to)));

test("a valid bundle is described", async () => {
  expect(await verifyBundle(goodBundle())).toMatchObject({
    isValid: true,
    problems: [],
    runs: [{ runId: RUN_1, scenarioTitle: "The MCP server crashes", outcome: "passed", events: 20 }],
    createdBy: expect.stringMatching(/^Resilience Lab \d/),
    redacted: {},
  });
});

test("a bundle from before events had a version is valid", async () => {
  const file = goodBundle();
  tamper(file, (entries) => replaced(entries, EVENTS, /"eventVersion":\d+,/, ""), true);
  const history = await openHistory();
  await importBundle({ history, file });
  expect((await eventsIn(history, RUN_1))[0]).toMatchObject({ type: "run.started", eventVersion: EVENT_VERSION });
});

test("a bundle with events of a newer lab is refused, with the next step", async () => {
  const file = goodBundle();
  tamper(file, (entries) => replaced(entries, EVENTS, /"eventVersion":\d+/, '"eventVersion":99'), true);
  expect((await expectRefused(file, "bad event")).message).toContain("newer Resilience Lab");
});

describe("a change after the export", () => {
  test.each(RUN_FILES)("one byte of %s", async (name) => {
    const file = goodBundle();
    tamper(file, (entries) => {
      const bytes = Buffer.from(entries.get(`runs/${RUN_1}/${name}`) ?? "");
      bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 1;
      entries.set(`runs/${RUN_1}/${name}`, bytes);
    });
    const reason =
      name === "run.json" ? expect.stringMatching("wrong hash") : expect.stringMatching("wrong hash|bad event|bad run");
    await expectRefused(file, reason);
  });

  test.each<[string, RefusalReason, (entries: Map<string, Buffer>) => void]>([
    ["more bytes", "wrong size", (entries) => entries.set("index.html", Buffer.from("longer than it was"))],
    ["a file gone", "missing entry", (entries) => entries.delete(`runs/${RUN_1}/junit.xml`)],
    ["the events gone", "missing entry", (entries) => entries.delete(EVENTS)],
    ["a file more", "undeclared entry", (entries) => entries.set(`runs/${RUN_1}/extra.txt`, Buffer.from("x"))],
    ["no manifest", "not a bundle", (entries) => entries.delete("manifest.json")],
    ["a manifest that is not JSON", "bad manifest", (entries) => entries.set("manifest.json", Buffer.from("{"))],
    ["a manifest of something else", "bad manifest", (entries) => entries.set("manifest.json", Buffer.from("{}"))],
    [
      "a manifest in an unknown encoding",
      "bad event",
      (entries) => entries.set("manifest.json", Buffer.from([0xff, 0xfe])),
    ],
    [
      "a hash of nothing",
      "bad manifest",
      (entries) => replaced(entries, "manifest.json", /"sha256": "\w+"/, '"sha256": "x"'),
    ],
    [
      "a file declared twice",
      "duplicate entry",
      (entries) => changeManifest(entries, (manifest) => manifest.entries.push(...manifest.entries.slice(0, 1))),
    ],
    [
      "a run declared twice",
      "bad manifest",
      (entries) => changeManifest(entries, (manifest) => manifest.runs.push(...manifest.runs)),
    ],
    ["no run", "bad manifest", (entries) => changeManifest(entries, (manifest) => manifest.runs.pop())],
    [
      "a run whose id is a path",
      "bad manifest",
      (entries) => changeManifest(entries, ({ runs }) => Object.assign(runs[0] ?? {}, { id: "../x" })),
    ],
    [
      "a run that is not in it",
      "missing entry",
      (entries) => changeManifest(entries, ({ runs }) => Object.assign(runs[0] ?? {}, { id: RUN_2 })),
    ],
  ])("%s", async (_, reason, change) => {
    const file = goodBundle();
    tamper(file, change);
    await expectRefused(file, reason);
  });
});

test.each<[string, string, (entries: Map<string, Buffer>) => void]>([
  [
    "manifest.json",
    "runs[0].id",
    (entries) => changeManifest(entries, ({ runs }) => Object.assign(runs[0] ?? {}, { id: "run-1" })),
  ],
  [RUN, "id", (entries) => replaced(entries, RUN, `"id": "${RUN_1}"`, '"id": "run-1"')],
])("a run whose id is not a UUID is refused, with its location: %s", async (location, field, change) => {
  const file = goodBundle();
  tamper(file, change, true);
  const { message } = await expectRefused(file, location === RUN ? "bad run" : "bad manifest");
  expect(message).toMatch(`${location}: `);
  expect(message).toMatch(`the id of a run is a UUID`);
  expect(message).toContain(`${field}: `);
});

describe("a change with a matching manifest", () => {
  const lines = (entries: Map<string, Buffer>, change: (all: string[]) => string[]) =>
    entries.set(EVENTS, Buffer.from(`${change(String(entries.get(EVENTS)).trimEnd().split("\n")).join("\n")}\n`));

  test.each<[string, RefusalReason, (entries: Map<string, Buffer>) => void]>([
    ["an event left out", "event gap", (entries) => lines(entries, (all) => all.toSpliced(3, 1))],
    ["the last event left out", "event gap", (entries) => lines(entries, (all) => all.slice(0, -1))],
    [
      "two swapped events",
      "event gap",
      (entries) => lines(entries, (all) => all.toSpliced(3, 2, all[4] ?? "", all[3] ?? "")),
    ],
    ["an event twice", "event gap", (entries) => lines(entries, (all) => all.toSpliced(3, 0, all[3] ?? ""))],
    ["an event after the end", "bad event", (entries) => lines(entries, (all) => [...all, all[3] ?? ""])],
    ["an empty line", "bad event", (entries) => lines(entries, (all) => all.toSpliced(3, 0, ""))],
    ["an event of no known type", "bad event", (entries) => replaced(entries, EVENTS, '"warning"', '"format-disk"')],
    [
      "an event with a field of the wrong type",
      "bad event",
      (entries) => replaced(entries, EVENTS, '"latencyMs":2', '"latencyMs":"2"'),
    ],
    [
      "an event of another run",
      "bad event",
      (entries) => replaced(entries, EVENTS, `"runId":"${RUN_1}"`, `"runId":"${RUN_2}"`),
    ],
    ["time that runs backwards", "bad event", (entries) => replaced(entries, EVENTS, '"atMs":50,', '"atMs":5,')],
    ["time beyond all bounds", "bad event", (entries) => replaced(entries, EVENTS, '"atMs":160', '"atMs":1e300')],
    [
      "arguments nested too deep",
      "bad event",
      (entries) => replaced(entries, EVENTS, '{"charge_id":"ch_1"}', `${"[".repeat(5_000)}${"]".repeat(5_000)}`),
    ],
    ["events that are no UTF-8", "bad event", (entries) => entries.set(EVENTS, Buffer.from([0x7b, 0xc3, 0x28]))],
    [
      "a verdict that does not match the events",
      "bad run",
      (entries) => replaced(entries, EVENTS, '"outcome":"passed"', '"outcome":"failed"'),
    ],
    [
      "a record of another scenario",
      "bad run",
      (entries) => replaced(entries, RUN, '"scenarioId": "mcp-crash"', '"scenarioId": "other"'),
    ],
    ["a record with an unknown field", "bad run", (entries) => replaced(entries, RUN, "{", '{"command": "rm",')],
    ["a record of fewer events", "bad run", (entries) => replaced(entries, RUN, '"events": 20', '"events": 19')],
    [
      "a record without a valid start time",
      "bad run",
      (entries) => replaced(entries, RUN, /"startedWallMs": \d+/, '"startedWallMs": -1'),
    ],
  ])("%s", async (_, reason, change) => {
    const file = goodBundle();
    tamper(file, change, true);
    await expectRefused(file, reason);
  });

  test("a newer format is refused with the next step, whatever else has changed in it", async () => {
    const file = goodBundle();
    tamper(file, (entries) =>
      entries.set("manifest.json", Buffer.from('{"format":"resilience-lab bundle","formatVersion":2,"news":[]}')),
    );
    const problem = await expectRefused(file, "newer format");
    expect(problem.code).toBe("unsupported");
    expect(problem.message).toContain("format 2, this one reads up to 1");
    expect(problem.hint).toContain("update Resilience Lab");
  });
});

describe("a malicious zip", () => {
  const with_ = async (...forged: Forged[]) => {
    const file = goodBundle();
    forgeZip(file, [...openForged(file), ...forged]);
    return file;
  };
  const bytes = Buffer.from("x");

  test.each([
    "../outside.txt",
    "runs/../../outside.txt",
    "/etc/passwd",
    "C:/windows",
    "runs\\..\\x",
    "\\\\host\\share",
    "runs/a\0.txt",
    "runs//x",
    "./x",
    "runs/folder/",
    "",
    "runs/é.txt",
  ])("the path %j", async (path) => {
    await expectRefused(await with_({ path: Buffer.from(path).toString("latin1"), bytes }), "bad path");
  });

  test("a link, a device and a pipe", async () => {
    for (const mode of [0o120777, 0o020666, 0o010644]) {
      await expectRefused(
        await with_({ path: `runs/${RUN_1}/link`, bytes: Buffer.from("/etc/passwd"), mode }),
        "not a file",
      );
    }
  });

  test("the same path twice", async () => {
    await expectRefused(await with_({ path: EVENTS, bytes }), "duplicate entry");
  });

  test("an encrypted file", async () => {
    await expectRefused(await with_({ path: "runs/x", bytes, isEncrypted: true }), "encrypted");
  });

  test("a path that differs in the local header", async () => {
    const file = goodBundle();
    const zip = readFileSync(file);
    zip.write(`runs/${RUN_1}/RUN.json`, zip.indexOf(RUN), "latin1");
    writeFileSync(file, zip);
    await expectRefused(file, "bad path");
  });

  test("overlapping files", async () => {
    const file = goodBundle();
    const zip = readFileSync(file);
    const second = zip.indexOf(
      Buffer.from("PK\x01\x02", "latin1"),
      zip.indexOf(Buffer.from("PK\x01\x02", "latin1")) + 4,
    );
    zip.writeUInt32LE(0, second + 42);
    writeFileSync(file, zip);
    await expectRefused(file, "overlapping entries");
  });
});

describe("a zip bomb", () => {
  const bomb = async (size: number, claimedBytes = size) => {
    const file = goodBundle();
    forgeZip(file, [...openForged(file), { path: "runs/bomb", bytes: Buffer.alloc(size), claimedBytes }]);
    return file;
  };

  test("with a true size is refused before it is unpacked", async () => {
    await expectRefused(await bomb(20 * 1024 * 1024), "too dense");
  });

  test("with a false size is stopped at that size", async () => {
    const file = await bomb(20 * 1024 * 1024, 10);
    tamper(file, () => {}, true);
    const entries = openForged(file).map((entry) =>
      entry.path === "runs/bomb" ? { ...entry, claimedBytes: 10 } : entry,
    );
    forgeZip(file, entries);
    await expectRefused(file, "truncated");
  });

  test.each<[string, RefusalReason, Partial<BundleLimits>]>([
    ["more files", "too many entries", { entries: 3 }],
    ["a larger file", "too large", { entryBytes: 1_000 }],
    ["more in all", "too large", { totalBytes: 10_000 }],
    ["a larger zip", "too large", { fileBytes: 1_000 }],
    ["a longer line", "too large", { lineChars: 100 }],
    ["a larger manifest", "too large", { documentBytes: 200 }],
    ["more events", "too large", { eventsPerRun: 10 }],
    ["more runs", "too large", { runs: 0 }],
  ])("or %s than allowed", async (_, reason, limits) => {
    await expectRefused(goodBundle(), reason, { ...LIMITS, ...limits });
  });
});

describe("an incomplete bundle", () => {
  test("is refused wherever it is truncated", async () => {
    const whole = goodBundle();
    const bytes = readFileSync(whole);
    for (let part = 1; part < 20; part++) {
      truncateSync(whole, Math.floor((bytes.length * part) / 20));
      const problem = await expectRefused(whole, "truncated");
      expect(problem.hint).toContain("again");
      writeFileSync(whole, bytes);
    }
  });

  test("never crashes the reader, whichever byte is changed", async () => {
    const whole = goodBundle();
    const bytes = readFileSync(whole);
    const original = (await verifyBundle(whole)).runs;
    for (let at = 0; at < bytes.length; at += 97) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0xff;
      writeFileSync(whole, changed);
      const { isValid, runs, problems } = await verifyBundle(whole);
      // A byte that is not read, such as a time, may change.
      if (isValid) expect(runs).toEqual(original);
      else expect(problems).toHaveLength(1);
    }
  });

  test.each<[string, string | Buffer, RefusalReason]>([
    ["an empty file", "", "not a bundle"],
    ["text", "hello\n".repeat(100), "not a bundle"],
  ])("%s", async (_, content, reason) => {
    const file = join(temporaryFolder(), "runs.zip");
    writeFileSync(file, content);
    await expectRefused(file, reason);
  });

  test("a zip of other files", async () => {
    const file = join(temporaryFolder(), "other.zip");
    forgeZip(file, [{ path: "readme.txt", bytes: Buffer.from("hello") }]);
    await expectRefused(file, "not a bundle");
  });

  test("a missing file, and a folder of something else", async () => {
    await expectRefused(join(temporaryFolder(), "none.zip"), "unreadable");
    await expectRefused(temporaryFolder(), "not a bundle");
  });
});

import { join } from "node:path";
import { expect, test } from "vitest";
import { loadFolder } from "./load.ts";
import { parsePlaylist, playlistNamed, playlistsIn, runsOf } from "./playlist.ts";

const PROJECT = join(import.meta.dirname, "..", "..", "..");
const shipped = loadFolder(join(PROJECT, "scenarios"));
const find = (id: string) => {
  const found = shipped.find(({ scenario }) => scenario.id === id);
  if (found === undefined) throw new Error(`no scenario is called "${id}"`);
  return found;
};

test("every shipped playlist names scenarios that exist, and protections that they show", () => {
  const playlists = playlistsIn(join(PROJECT, "playlists"));
  expect(playlists.map(({ id }) => id)).toEqual(["patterns", "short"]);
  for (const { items } of playlists) {
    for (const { scenario, firstWithout } of items) {
      const { protection } = find(scenario).scenario;
      expect(firstWithout ?? [protection]).toEqual([protection]);
    }
  }
});

test("first the failure, then the pattern: two runs, the second compared with the first", () => {
  const playlist = parsePlaylist(
    "id: mine\ntitle: Mine\nitems:\n- { scenario: retry-storm, firstWithout: [budget] }\n- { scenario: mcp-crash, without: [redaction] }",
    "mine.yaml",
  );
  expect(runsOf(playlist, find).map(({ loaded, ...run }) => ({ id: loaded.scenario.id, ...run }))).toEqual([
    { id: "retry-storm", without: ["budget"], showsFailure: true, isCompared: false },
    { id: "retry-storm", without: [], showsFailure: false, isCompared: true },
    { id: "mcp-crash", without: ["redaction"], showsFailure: false, isCompared: false },
  ]);
  expect(() => playlistNamed([playlist], "other")).toThrow('no playlist is called "other"');
});

test.each([
  ["items: []", "items"],
  ["items: [{ scenario: a, without: [b], firstWithout: [c] }]", "without or firstWithout, not both"],
  ["items: [{ scenario: a, pace: slow }]", "pace"],
])("a file that is none is refused with its problem: %s", (items, problem) => {
  expect(() => parsePlaylist(`id: mine\ntitle: Mine\n${items}`, "mine.yaml")).toThrow(problem);
});

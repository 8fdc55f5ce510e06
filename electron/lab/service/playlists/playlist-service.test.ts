import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { resolveScenarios } from "../../scenarios/load.ts";
import { PlaylistService } from "./playlist-service.ts";

const PROJECT = join(import.meta.dirname, "..", "..", "..", "..");

test("a playlist of a person's own is saved, replaced by its name, played and deleted; a shipped one stays", () => {
  const ownFolder = join(temporaryFolder(), "playlists");
  const playlists = new PlaylistService({
    shippedFolder: join(PROJECT, "playlists"),
    ownFolder,
    find: (id) => {
      const [found] = resolveScenarios([id], join(PROJECT, "scenarios"));
      if (found === undefined) throw new Error(id);
      return found;
    },
  });
  const mine = () => playlists.list().filter(({ origin }) => origin === "user");
  expect(mine()).toEqual([]);
  playlists.save("My talk!", ["mcp-crash"], []);
  playlists.save("My talk!", ["retry-storm", "mcp-crash"], ["budget"]);
  expect(mine()).toEqual([
    { id: "my-talk", title: "My talk!", origin: "user", scenarioIds: ["retry-storm", "mcp-crash"], runs: 4 },
  ]);
  expect(playlists.runsOf("my-talk").map(({ without }) => without)).toEqual([["budget"], [], ["budget"], []]);
  expect(() => playlists.save("Short", ["mcp-crash"], [])).toThrow("is a playlist of the lab itself");
  expect(() => playlists.save("Other", ["no-such"], [])).toThrow('no scenario is called "no-such"');
  playlists.delete("my-talk");
  expect(mine()).toEqual([]);
  expect(() => playlists.delete("short")).toThrow("no playlist of your own");
});

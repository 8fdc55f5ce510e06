import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { playlistId } from "../../contract/playlists.ts";
import { checkDocument } from "../documents/check-document.ts";
import { parseYaml, readDocument } from "../documents/yaml-document.ts";
import { LabError } from "../lab-error.ts";
import type { LoadedScenario } from "./load.ts";

const protections = z.array(z.string().min(1).max(100)).min(1).max(50);
const item = z
  .strictObject({
    scenario: z.string().min(1).describe("the id of a scenario"),
    without: protections.optional().describe("protections that are off"),
    firstWithout: protections
      .optional()
      .describe("run it first without these, then with every protection, and compare the two"),
  })
  .refine((value) => value.without === undefined || value.firstWithout === undefined, {
    error: "has without or firstWithout, not both",
  });

/** An ordered set of scenarios, each with or without protections. */
const playlist = z.strictObject({
  id: playlistId,
  title: z.string().min(1).max(100),
  items: z.array(item).min(1).max(100),
});
export type Playlist = z.output<typeof playlist>;

/** A run of a playlist, in its order. */
export interface PlaylistRun {
  loaded: LoadedScenario;
  without: readonly string[];
  /** It shows the failure that its protection prevents: it is to fail. */
  showsFailure: boolean;
  /** It is the pattern to the failure that the run before it has shown. */
  isCompared: boolean;
}

/** @throws DocumentError naming what is wrong in the file, and where */
export function parsePlaylist(source: string, file: string): Playlist {
  return checkDocument(parseYaml(source, file), playlist);
}

/** The playlists of a folder, by file name; none when there is no such folder. @throws DocumentError */
export function playlistsIn(folder: string): Playlist[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml") && !name.startsWith("."));
  return files.sort().map((name) => {
    const file = join(folder, name);
    return parsePlaylist(readDocument(file), file);
  });
}

/** The runs of a playlist. @param find by id @throws LabError for a scenario that does not exist */
export function runsOf({ items }: Playlist, find: (id: string) => LoadedScenario): PlaylistRun[] {
  return items.flatMap(({ scenario, without = [], firstWithout }): PlaylistRun[] => {
    const loaded = find(scenario);
    if (firstWithout === undefined) return [{ loaded, without, showsFailure: false, isCompared: false }];
    return [
      { loaded, without: firstWithout, showsFailure: true, isCompared: false },
      { loaded, without: [], showsFailure: false, isCompared: true },
    ];
  });
}

/** @throws LabError that lists the names there are */
export function playlistNamed(playlists: readonly Playlist[], id: string): Playlist {
  const found = playlists.find((each) => each.id === id);
  if (found !== undefined) return found;
  const names = playlists.map((each) => each.id).join(", ");
  throw new LabError("bad-input", `no playlist is called "${id}"`, { hint: `there are: ${names}` });
}

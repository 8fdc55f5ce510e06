import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { PlaylistSummary } from "../../../contract/playlists.ts";
import { LabError } from "../../lab-error.ts";
import type { LoadedScenario } from "../../scenarios/load.ts";
import {
  type Playlist,
  type PlaylistRun,
  parsePlaylist,
  playlistNamed,
  playlistsIn,
  runsOf,
} from "../../scenarios/playlist.ts";

export interface PlaylistServiceParts {
  shippedFolder: string;
  /** Of the user's own; created with the first. */
  ownFolder: string;
  /** @throws LabError when no scenario has the id */
  find: (scenarioId: string) => LoadedScenario;
}

/** The playlists that come with the lab, and those that a person saved. */
export class PlaylistService {
  readonly #parts: PlaylistServiceParts;

  constructor(parts: PlaylistServiceParts) {
    this.#parts = parts;
  }

  list(): PlaylistSummary[] {
    const { shippedFolder, ownFolder } = this.#parts;
    return [
      ...playlistsIn(shippedFolder).map((each) => summaryOf(each, "shipped")),
      ...playlistsIn(ownFolder).map((each) => summaryOf(each, "user")),
    ];
  }

  /** @throws LabError for an unknown playlist, and for a scenario of it that does not exist */
  runsOf(id: string): PlaylistRun[] {
    const { shippedFolder, ownFolder, find } = this.#parts;
    return runsOf(playlistNamed([...playlistsIn(shippedFolder), ...playlistsIn(ownFolder)], id), find);
  }

  /** Replaces the user's own of that title. @throws LabError for the name of a shipped one */
  save(title: string, scenarioIds: readonly string[], firstWithout: readonly string[]): PlaylistSummary {
    const id = idOf(title);
    if (playlistsIn(this.#parts.shippedFolder).some((each) => each.id === id)) {
      throw new LabError("bad-input", `"${id}" is a playlist of the lab itself`, { hint: "choose another name" });
    }
    for (const each of scenarioIds) this.#parts.find(each);
    const items = scenarioIds.map((scenario) =>
      firstWithout.length === 0 ? { scenario } : { scenario, firstWithout },
    );
    const file = this.#fileOf(id);
    const source = stringify({ id, title, items });
    const saved = parsePlaylist(source, file);
    mkdirSync(this.#parts.ownFolder, { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.new`, source, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return summaryOf(saved, "user");
  }

  /** @throws LabError for one that is not the user's own */
  delete(id: string): void {
    const file = this.#fileOf(id);
    if (!existsSync(file)) throw new LabError("bad-input", `no playlist of your own is called "${id}"`);
    rmSync(file);
  }

  #fileOf(id: string): string {
    return join(this.#parts.ownFolder, `${id}.yaml`);
  }
}

function idOf(title: string): string {
  const id = title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 60)
    .replaceAll(/^-+|-+$/g, "");
  return id === "" ? "playlist" : id;
}

function summaryOf({ id, title, items }: Playlist, origin: PlaylistSummary["origin"]): PlaylistSummary {
  const runs = items.reduce((sum, { firstWithout }) => sum + (firstWithout === undefined ? 1 : 2), 0);
  return { id, title, origin, scenarioIds: items.map(({ scenario }) => scenario), runs };
}

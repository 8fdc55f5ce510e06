import type { LoadedScenario } from "./load.ts";
import type { PlaylistRun } from "./playlist.ts";

/**
 * Each scenario with every protection, and then without each of those named: without its own where none is. That it fails
 * without its own is expected; what it does without another is shown and counts as a failure.
 */
export function matrixOf(scenarios: readonly LoadedScenario[], named: readonly string[]): PlaylistRun[] {
  return scenarios.flatMap((loaded) => {
    const { protection } = loaded.scenario;
    const off = named.length > 0 ? named : protection === undefined ? [] : [protection];
    const run = { loaded, isCompared: false };
    return [
      { ...run, without: [], showsFailure: false },
      ...off.map((each) => ({ ...run, without: [each], showsFailure: each === protection })),
    ];
  });
}

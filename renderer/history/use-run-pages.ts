import { useCallback, useEffect, useRef, useState } from "react";
import type { HistoryPage, RunSummary } from "../../electron/contract/history.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import type { RunFilter } from "../state/route.ts";

const PAGE_RUNS = 100;
/** Limit of the contract. */
const MOST_RUNS = 500;

export interface RunPages {
  runs: readonly RunSummary[];
  /** Number of matching runs, including pages not loaded yet. */
  matching: number;
  hasMore: boolean;
  retention: HistoryPage["retention"];
}

/** The matching runs, newest first, loaded by pages; reloaded whenever the history changes. */
export function useRunPages(filter: RunFilter) {
  const { client } = useStores();
  const version = useLab((state) => state.lab?.historyVersion);
  const [pages, setPages] = useState<RunPages>();
  const [failure, setFailure] = useState<string>();
  const [isReading, setReading] = useState(true);
  const [attemptCount, setAttemptCount] = useState(0);
  const held = useRef<{ key: string; pages: RunPages | undefined }>({ key: "", pages: undefined });
  const key = JSON.stringify(filter);

  // biome-ignore lint/correctness/useExhaustiveDependencies: reloaded when the history changes, or on request
  useEffect(() => {
    let isCurrent = true;
    const wanted = JSON.parse(key) as RunFilter;
    // Keeps the scroll position when the list is reloaded.
    const count = held.current.key === key ? (held.current.pages?.runs.length ?? 0) : 0;
    const read = async () => {
      let page = await client.call.history.list({ ...wanted, limit: Math.min(MOST_RUNS, Math.max(PAGE_RUNS, count)) });
      for (let last = page.runs.at(-1); last !== undefined && page.hasMore; last = page.runs.at(-1)) {
        const missing = count - page.runs.length;
        if (missing <= 0 || !isCurrent) break;
        const next = await client.call.history.list({
          ...wanted,
          limit: Math.min(MOST_RUNS, missing),
          before: last.id,
        });
        page = { ...next, runs: [...page.runs, ...next.runs] };
      }
      if (!isCurrent) return;
      held.current = { key, pages: page };
      setPages(page);
      setFailure(undefined);
    };
    setReading(true);
    read()
      .catch((error: Error) => isCurrent && setFailure(failureText(error)))
      .finally(() => isCurrent && setReading(false));
    return () => {
      isCurrent = false;
    };
  }, [client, key, version, attemptCount]);

  const isReadingMore = useRef(false);
  const more = useCallback(async () => {
    const before = held.current;
    const last = before.pages?.runs.at(-1);
    if (isReadingMore.current || before.pages === undefined || !before.pages.hasMore || last === undefined) return;
    isReadingMore.current = true;
    try {
      const wanted = JSON.parse(before.key) as RunFilter;
      const page = await client.call.history.list({ ...wanted, limit: PAGE_RUNS, before: last.id });
      // The list was reloaded meanwhile: this page may no longer follow it.
      if (held.current !== before) return;
      const next = { ...page, runs: [...before.pages.runs, ...page.runs] };
      held.current = { key: before.key, pages: next };
      setPages(next);
    } catch (error) {
      if (held.current === before) setFailure(failureText(error));
    } finally {
      isReadingMore.current = false;
    }
  }, [client]);

  const again = useCallback(() => setAttemptCount((count) => count + 1), []);
  return { pages, failure, isReading, more, again };
}

import { useDeferredValue, useMemo, useState } from "react";
import type { StreamItem } from "../../electron/contract/events.ts";
import type { RunNote } from "../../electron/model/annotations.ts";
import { groupRepeats } from "../../electron/model/brief-text.ts";
import { loggedBy } from "../../electron/model/catalogue/catalogue.ts";
import { visibleLine } from "../../electron/model/visible-text.ts";
import { useInteraction } from "../state/lab-context.tsx";
import type { RunRecord } from "../state/run-record.ts";
import { FilterSelect } from "../ui/filter-select.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { Empty } from "../ui/states.tsx";
import { formatDuration } from "../ui/times.ts";
import { ToneDot } from "../ui/tone-mark.tsx";
import { describeItem, eventContains } from "./describe-item.ts";
import classes from "./event-list.module.css";
import rows from "./row-button.module.css";
import { VirtualRows } from "./virtual-rows.tsx";

interface EventListProps {
  record: RunRecord;
  version: number;
  cursorMs: number | undefined;
  selectedSeq: number | undefined;
  onVisit: (seq: number) => void;
  /** Listed at their moments. */
  notes: readonly RunNote[];
  /** Only log lines of services. */
  isLogs?: boolean;
}

/** The events up to the moment shown, searchable by any part of an event, arguments included. */
export function EventList({ record, version, cursorMs, selectedSeq, onVisit, notes, isLogs = false }: EventListProps) {
  const search = useInteraction((state) => state.search);
  const look = useInteraction((state) => state.look);
  const [service, setService] = useState<string | null>(null);
  const wanted = useDeferredValue(search.trim().toLowerCase());

  // biome-ignore lint/correctness/useExhaustiveDependencies: the record grows in place; its version changes
  const matching = useMemo(() => {
    const isWanted = (item: StreamItem) => isOfKind(item, isLogs, service) && eventContains(item, wanted);
    const items: readonly Listed[] = record.items.filter(isWanted);
    const listed = isLogs ? [] : notes.filter((note) => isListed(note, wanted));
    return listed.length === 0 ? items : [...items, ...listed].sort((one, other) => one.atMs - other.atMs);
  }, [record, version, wanted, isLogs, service, notes]);
  const shown = useMemo(() => countAt(matching, cursorMs), [matching, cursorMs]);
  const services = record.view.started?.services.map(({ name }) => name) ?? [];

  return (
    <div className={classes.list}>
      <div className={classes.tools}>
        <SearchBox
          className={classes.search}
          label={isLogs ? "Search the logs" : "Search the events and arguments"}
          value={search}
          onChange={(text) => look({ search: text })}
        />
        {isLogs && (
          <FilterSelect
            label="Filter by service"
            any="Any service"
            data={services}
            value={service}
            onChange={setService}
          />
        )}
        <span className={classes.count}>
          {shown.toLocaleString()} {isLogs ? "line" : "event"}
          {shown === 1 ? "" : "s"}
        </span>
      </div>
      {shown === 0 ? (
        <Empty title={search === "" ? "Nothing yet at this moment" : "No matches"} />
      ) : (
        <VirtualRows
          count={shown}
          rowPx={24}
          label={isLogs ? "Logs" : "Events"}
          focusIndex={selectedSeq === undefined ? -1 : indexOf(matching, shown, selectedSeq)}
          followsEnd
          render={(index) => {
            const item = matching[index];
            if (item === undefined) return null;
            if (!("type" in item)) return <NoteRow note={item} onVisit={() => look({ cursorMs: item.atMs })} />;
            const { kind, text, tone } = describeItem(item);
            const seq = item.type === "skipped" ? item.fromSeq : item.seq;
            return (
              <button
                type="button"
                className={`${rows.row} ${classes.event}`}
                data-selected={seq === selectedSeq || undefined}
                data-logs={isLogs || undefined}
                data-unsaved={!record.isSaved(item) || undefined}
                title={record.isSaved(item) ? undefined : "Not saved yet"}
                onClick={() => onVisit(seq)}
              >
                <span className={classes.time}>{formatDuration(item.atMs)}</span>
                <ToneDot tone={tone} />
                <span className={classes.kind}>{kind}</span>
                <span className={classes.text}>{isLogged(item) ? text : groupRepeats(text)}</span>
              </button>
            );
          }}
        />
      )}
    </div>
  );
}

/** What is listed: with a moment. */
type ListedNote = RunNote & { atMs: number };
type Listed = StreamItem | ListedNote;

function isListed(note: RunNote, wanted: string): note is ListedNote {
  return note.atMs !== null && note.text.toLowerCase().includes(wanted);
}

function NoteRow({ note: { atMs, text }, onVisit }: { note: ListedNote; onVisit: () => void }) {
  return (
    <button type="button" className={`${rows.row} ${classes.event}`} onClick={onVisit}>
      <span className={classes.time}>{formatDuration(atMs)}</span>
      <ToneDot tone="waiting" />
      <span className={classes.kind}>note</span>
      <span className={classes.text}>{visibleLine(text)}</span>
    </button>
  );
}

/** A service's own words, which stay as they are. */
function isLogged(item: StreamItem): boolean {
  return item.type !== "skipped" && loggedBy(item) !== undefined;
}

function isOfKind(item: StreamItem, isLogs: boolean, service: string | null): boolean {
  if (!isLogs) return true;
  if (item.type === "skipped") return service === null || service in item.lines;
  const printedBy = loggedBy(item);
  return printedBy !== undefined && (service === null || printedBy === service);
}

function countAt(items: readonly Listed[], ms: number | undefined): number {
  if (ms === undefined) return items.length;
  const after = items.findIndex((item) => item.atMs > ms);
  return after < 0 ? items.length : after;
}

function indexOf(items: readonly Listed[], count: number, seq: number): number {
  for (let index = 0; index < count; index++) {
    const item = items[index];
    if (item !== undefined && "type" in item && item.type !== "skipped" && item.seq === seq) return index;
  }
  return -1;
}

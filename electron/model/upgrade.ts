/**
 * Upgrades events written by earlier versions of the lab. Every reader of stored events, from a history or a bundle, must
 * pass each event through here first.
 *
 * The version of a log is in its first event. 1: written before versions existed, without the field. 2: with the field,
 * otherwise the same.
 */
export const EVENT_VERSION = 2;

/** An event as it was stored, before its shape was checked. */
export interface StoredEvent {
  readonly type?: unknown;
  readonly [field: string]: unknown;
}

/** Events of a newer lab, which this one cannot interpret. */
export class NewerEvents extends Error {
  constructor(version: number) {
    super(
      `its events are of version ${version}, and this lab reads up to ${EVENT_VERSION}: open it with a newer Resilience Lab`,
    );
  }
}

/** Upgrade from each version to the next. Called per event, in any order. */
const STEPS: Readonly<Record<number, (event: StoredEvent) => StoredEvent>> = {
  1: (event) => (isFirst(event) ? { ...event, eventVersion: 2 } : event),
};

/** @throws NewerEvents for a log of an unknown version */
export function upgradeEvent(stored: StoredEvent): StoredEvent {
  if (!needsUpgrade(stored)) return stored;
  let event = stored;
  const version = versionIn(stored);
  if (version > EVENT_VERSION) throw new NewerEvents(version);
  for (let each = version; each < EVENT_VERSION; each++) event = STEPS[each]?.(event) ?? event;
  return event;
}

/** Whether an event of this type may need an upgrade. */
export function needsUpgrade(event: { readonly type?: unknown }): boolean {
  return isFirst(event);
}

function isFirst({ type }: { readonly type?: unknown }): boolean {
  return type === "run.started";
}

function versionIn({ eventVersion }: StoredEvent): number {
  return typeof eventVersion === "number" ? eventVersion : 1;
}

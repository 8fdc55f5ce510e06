/**
 * Events as every version of the lab has written them, brought to what this one reads. Whoever reads stored events, of a
 * history or a bundle, passes each through here before anything else looks at it.
 *
 * A log says its version in its first event. 1: written before there were versions, and says none. 2: says so, and is the
 * same otherwise.
 */
export const EVENT_VERSION = 2;

/** An event as it was stored, before its shape was checked. */
export interface StoredEvent {
  readonly type?: unknown;
  readonly [field: string]: unknown;
}

/** Events of a lab that is newer than this one, which cannot know what they mean. */
export class NewerEvents extends Error {
  constructor(version: number) {
    super(
      `its events are of version ${version}, and this lab reads up to ${EVENT_VERSION}: open it with a newer Resilience Lab`,
    );
  }
}

/** By the version that they start from: the step to the next one. Steps see one event at a time, in any order. */
const STEPS: Readonly<Record<number, (event: StoredEvent) => StoredEvent>> = {
  1: (event) => (isFirst(event) ? { ...event, eventVersion: 2 } : event),
};

/** @throws NewerEvents when the log is of a version that this lab does not know */
export function upgradeEvent(stored: StoredEvent): StoredEvent {
  if (!needsUpgrade(stored)) return stored;
  let event = stored;
  const version = versionIn(stored);
  if (version > EVENT_VERSION) throw new NewerEvents(version);
  for (let each = version; each < EVENT_VERSION; each++) event = STEPS[each]?.(event) ?? event;
  return event;
}

/** Whether an event of this type may be other than this lab reads it, so that it has to be looked at. */
export function needsUpgrade(event: { readonly type?: unknown }): boolean {
  return isFirst(event);
}

function isFirst({ type }: { readonly type?: unknown }): boolean {
  return type === "run.started";
}

function versionIn({ eventVersion }: StoredEvent): number {
  return typeof eventVersion === "number" ? eventVersion : 1;
}

import { onTestFinished } from "vitest";
import type { EventOf, LabEvent } from "../../../../model/lab-event.ts";
import { temporaryFolder } from "../../../../testing/temporary-folder.ts";
import { systemClock } from "../../../clock.ts";
import { RunLog } from "../../../events/run-log.ts";
import { HitLogger } from "../../../faults/hit-logger.ts";
import { FaultInjector } from "../../../faults/injector.ts";
import { SidecarWatch } from "../../../faults/sidecar-watch.ts";
import { WireLogger } from "../../../faults/wire-logger.ts";
import { openHome } from "../../../home.ts";
import { FaultJournal } from "../../../journal/fault-journal.ts";
import { openJournal } from "../../../journal/journal.ts";
import { StackRegister } from "../../../journal/stack-register.ts";
import type { RunTarget } from "../../run-target.ts";
import { Stacks } from "../../stacks.ts";
import type { LinkedProject } from "./linked-project.ts";

/** Attached to as a lab with a data folder of its own does it, for faults; everything is undone and let go after the test. */
export async function openLinked({ name }: Pick<LinkedProject, "name">, { acceptExisting = false } = {}) {
  const home = openHome(temporaryFolder());
  const journal = openJournal(home.journalFile);
  const faults = new FaultJournal(journal);
  const parts = { register: new StackRegister(journal), faults, stacksFolder: home.stacksFolder };
  const stacks = new Stacks({ ...parts, environment: process.env });
  const { signal } = new AbortController();
  const open = await stacks.open(await stacks.resolve({ ...targetOf(name), acceptExisting }), { signal });
  const events: LabEvent[] = [];
  const log = new RunLog({ runId: "run-1", clock: systemClock, record: (event) => events.push(event) });
  const injector = new FaultInjector({ stack: open.running, journal: faults, log, clock: systemClock });
  onTestFinished(async () => {
    await injector.undo("all", signal);
    await open.release();
    journal.close();
  });
  const hits = () => events.flatMap((event) => (event.type === "fault.hit" ? [withoutFault(event)] : []));
  const intended = () => events.flatMap((event) => (event.type === "fault.intended" ? [event] : []));
  const undone = () => events.flatMap((event) => (event.type === "fault.undone" ? [event] : []));
  const logger = new HitLogger(log, () => true);
  const calls = new WireLogger({ log, isOurs: () => true, isCounted: () => true });
  const watch = SidecarWatch.start(open.running, logger, calls);
  onTestFinished(() => watch?.close());
  const wireCalls = () => events.flatMap((event) => (event.type === "wire.call" ? [event] : []));
  return {
    home,
    running: open.running,
    injector,
    faults,
    hits,
    intended,
    undone,
    wireCalls,
    read: () => watch?.read(),
  };
}

/** What a hit says of the request. */
function withoutFault({ link, method, tool, session, effect }: EventOf<"fault.hit">) {
  return { link, method, tool, session, effect };
}

function targetOf(project: string): RunTarget {
  return {
    source: { is: "project", project },
    driver: "docker",
    engine: { by: "environment", allowRemote: false },
    start: "attach",
    ports: "fixed",
    keep: false,
    without: [],
    acceptExisting: false,
  };
}

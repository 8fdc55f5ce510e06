import { describe, expect, type TestContext, test } from "vitest";
import { type Mode, smallScenario, smallStack } from "./small-stack/small-stack.ts";
import { HAS_PROCESS_TABLE, type Session, TerminalLab, TOGETHER, until } from "./terminal-lab.ts";

/** A moment at which a run is interrupted: how to reach it, and how to detect it. */
interface Point {
  modes: Mode[];
  scenario: Parameters<typeof smallScenario>[1];
  reached: (session: Session, lab: TerminalLab) => Promise<void>;
  /** Whether the run has started, and is then in the history as cancelled. */
  cancelled: boolean;
  /** False where the next start finds the same as at another point. */
  differsAtNextStart?: false;
}

const POINTS: Record<string, Point> = {
  "while the stack comes up": {
    modes: ["well", "never-well"],
    scenario: {},
    reached: (_session, lab) => until("both services run", () => lab.processes().length === 2),
    cancelled: false,
  },
  "while the steady state is awaited": {
    modes: ["well"],
    scenario: { steadyState: "{ service: well, is: degraded }" },
    reached: (session) => session.prints(/A small one/),
    cancelled: true,
    differsAtNextStart: false,
  },
  "while a step waits for a time": {
    modes: ["well", "stubborn"],
    scenario: { method: "{ fault: { stop: well } }, { wait: 10m }" },
    reached: (session) => session.prints(/step +wait for 10 min/),
    cancelled: true,
  },
  "while a step waits for a service, another one being paused": {
    modes: ["well", "stubborn"],
    scenario: { method: "{ fault: { pause: stubborn } }, { wait: { service: well, is: down }, atMost: 10m }" },
    reached: (session) => session.prints(/step +wait for well to be down/),
    cancelled: true,
    differsAtNextStart: false,
  },
  "while faults are undone": {
    modes: ["well", "slow-again"],
    scenario: { method: "{ fault: { stop: slow-again } }" },
    reached: (session) => session.prints(/check +ok well is up/),
    cancelled: true,
  },
};

function begin(context: Pick<TestContext, "onTestFinished">, { modes, scenario }: Point) {
  const lab = TerminalLab.for(context);
  const stack = smallStack(lab, modes);
  const session = lab.start("run", smallScenario(lab, scenario), "--stack", stack, "--ports", "auto");
  return { lab, stack, session };
}

/** Expects a normal run to pass afterwards. */
async function expectCleanStart(lab: TerminalLab): Promise<string> {
  const stack = smallStack(lab, ["well"]);
  const { code, out, err } = await lab.run(
    "run",
    smallScenario(lab, { id: "next" }),
    "--stack",
    stack,
    "--ports",
    "auto",
  );
  expect(err).toBe("");
  expect(code, out).toBe(0);
  expect(lab.processes()).toEqual([]);
  return out;
}

describe.skipIf(!HAS_PROCESS_TABLE)("Ctrl-C", TOGETHER, () => {
  test.for(Object.entries(POINTS))(
    "%s undoes everything, leaves nothing running and exits 130",
    async ([, point], context) => {
      const { lab, session } = begin(context, point);
      await point.reached(session, lab);
      const { code, err } = await session.interrupt();
      expect(code).toBe(130);
      expect(err).toContain("interrupted: undoing every fault");
      expect(lab.processes()).toEqual([]);
      const { out } = await lab.run("history", "list");
      expect(out).toMatch(point.cancelled ? /small/ : /no runs yet/);
      expect(out).not.toMatch(/running|interrupted/);
      expect(await expectCleanStart(lab)).not.toMatch(/recovered/i);
    },
  );

  test("twice changes nothing: every fault is still undone", async (context) => {
    const point = POINTS["while faults are undone"] as Point;
    const { lab, session } = begin(context, point);
    await point.reached(session, lab);
    session.interrupt();
    await session.prints(/interrupted: undoing/);
    const { code, err, out } = await session.interrupt();
    expect(code).toBe(130);
    expect(err).toContain("still undoing every fault");
    expect(out).toMatch(/undo +restored: slow-again/);
    expect(lab.processes()).toEqual([]);
  });
});

describe.skipIf(!HAS_PROCESS_TABLE)("a power cut", TOGETHER, () => {
  // What a run was waiting for makes no difference to the next start.
  const points = Object.entries(POINTS).filter(([, { differsAtNextStart = true }]) => differsAtNextStart);

  test.for(points)("%s: the next start restores everything", async ([, point], context) => {
    const { lab, session } = begin(context, point);
    await point.reached(session, lab);
    expect(lab.processes()).not.toEqual([]);
    await lab.cutPower();
    expect(await session.ended).toMatchObject({ code: null, signal: "SIGKILL" });
    expect(lab.processes()).not.toEqual([]);
    const output = await expectCleanStart(lab);
    expect(output).toContain("recovered: took down small, left up by a lab that died");
    if (point.cancelled) {
      expect(output).toContain("1 unfinished run(s) marked interrupted");
      expect((await lab.run("history", "list")).out).toMatch(/interrupted .*small/);
    }
  });

  test("again, while the next start restores what the first one left", async (context) => {
    const point = POINTS["while a step waits for a time"] as Point;
    const { lab, session } = begin(context, point);
    await point.reached(session, lab);
    await lab.cutPower();
    lab.start("stack", "down");
    await until("the next start has begun", () => lab.processes().length < 2);
    await lab.cutPower();
    expect(await expectCleanStart(lab)).toMatch(/recovered/i);
    expect(await expectCleanStart(lab)).not.toMatch(/recovered/i);
  });
});

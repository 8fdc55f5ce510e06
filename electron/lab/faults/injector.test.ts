import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { EventOf, LabEvent, LabEventType } from "../../model/lab-event.ts";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { bringUpSmallStack, LINK, type SmallStack } from "../../testing/small-stack.ts";
import { send, toolCall } from "../../testing/through-link.ts";
import { systemClock } from "../clock.ts";
import { FaultJournal } from "../journal/fault-journal.ts";
import { FaultProxyControl } from "./fault-proxy-control.ts";
import { undoOpenFaults } from "./undo-open-faults.ts";

const folder = lastingFolder();
let stack: SmallStack;
beforeAll(async () => {
  stack = await bringUpSmallStack(folder);
});
afterAll(() => stack.close());
// No test starts with what an earlier one has left broken.
afterEach(async () => {
  stack.faults.arm();
  await undoOpenFaults(stack.running.registered, stack.undoParts, "latest first", AbortSignal.timeout(20_000));
});

const never = new AbortController().signal;
const stateOf = async (service: string) => (await stack.running.driver.stateOf(service)).is;
const openFaults = () => stack.faults.open(stack.running.registered.id);
const of = <Type extends LabEventType>(events: readonly LabEvent[], type: Type) =>
  events.filter((event): event is EventOf<Type> => event.type === type);

describe("a fault", () => {
  test.each([
    [{ stop: "server" }, () => stateOf("server")],
    [{ kill: "server" }, () => stateOf("server")],
    [{ pause: "server" }, () => stateOf("server")],
    [{ latency: LINK, by: 60_000 }, async () => new FaultProxyControl(stack.proxyUrl).isOpen(LINK)],
    [{ down: LINK }, async () => new FaultProxyControl(stack.proxyUrl).isOpen(LINK)],
  ])("is on disk before it is applied, and acknowledged after: %j", async (spec, read) => {
    const seen: string[] = [];
    const before = await read();
    class Watched extends FaultJournal {
      override intend(fault: Parameters<FaultJournal["intend"]>[0]): void {
        seen.push(`${openFaults().length} on disk`);
        super.intend(fault);
        seen.push(`${openFaults().length} on disk`);
      }
      override applied(id: string): void {
        seen.push("applied");
        super.applied(id);
      }
    }
    const { injector, events } = stack.injector({ faults: new Watched(stack.journal) });
    const applying = injector.apply(spec, never);
    expect(await read()).toEqual(before);
    await applying;
    expect(seen).toEqual(["0 on disk", "1 on disk", "applied"]);
    expect(openFaults()).toMatchObject([{ isApplied: true, runId: events[0]?.runId, undo: expect.any(String) }]);
    expect(events.map(({ type }) => type)).toEqual(["fault.intended", "fault.applied"]);
    expect(await injector.undo("all", never)).toEqual({ undone: 1, residue: [] });
    expect(openFaults()).toEqual([]);
    expect(of(events, "fault.undone")).toMatchObject([{ result: "restored" }]);
    expect(await read()).toEqual(before);
  });

  test("that cannot be recorded on a full disk is not applied", async () => {
    class Full extends FaultJournal {
      override intend(): void {
        throw new Error("database or disk is full");
      }
    }
    const { injector, events } = stack.injector({ faults: new Full(stack.journal) });
    await expect(injector.apply({ stop: "server" }, never)).rejects.toThrow("disk is full");
    await expect(injector.apply({ down: LINK }, never)).rejects.toThrow("disk is full");
    expect(await stateOf("server")).toBe("running");
    expect((await send(stack.linkUrl)).status).toBe(200);
    expect([events, injector.inForce()]).toEqual([[], []]);
  });

  test("is undone, like the others, when the disk is full at the time of the undo", async () => {
    class Filling extends FaultJournal {
      override close(): void {
        throw new Error("database or disk is full");
      }
    }
    const { injector, events } = stack.injector({ faults: new Filling(stack.journal) });
    await injector.apply({ pause: "server" }, never);
    await injector.apply({ down: LINK }, never);
    expect(await injector.undo("all", never)).toEqual({ undone: 2, residue: [] });
    expect(await stateOf("server")).toBe("running");
    expect((await send(stack.linkUrl)).status).toBe(200);
    expect(of(events, "warning").map(({ code }) => code)).toEqual(["journal", "journal"]);
    expect(openFaults()).toHaveLength(2); // left for the next start
  });

  test("is undone by itself when its time is over", async () => {
    const { injector, events } = stack.injector();
    await injector.apply({ pause: "server", for: 1 }, never);
    await expect.poll(() => of(events, "fault.undone")).toMatchObject([{ result: "restored" }]);
    expect(await stateOf("server")).toBe("running");
    expect([injector.inForce(), openFaults()]).toEqual([[], []]);
    expect(await injector.undo("all", never)).toEqual({ undone: 0, residue: [] });
  });

  test("on a link that expires still reports how many requests met it: the lab ends it before the proxy does", async () => {
    const { injector, events } = stack.injector();
    await injector.apply({ http_status: LINK, status: 503, for: 1 }, never);
    await expect.poll(() => of(events, "fault.undone")).toMatchObject([{ result: "restored", hits: 0 }]);
    expect(of(events, "warning")).toMatchObject([{ code: "fault-hit-nothing" }]);
  });

  test("lasts as long as it should when the machine's clock jumps while it is applied", async () => {
    let jumpMs = 0;
    const clock = { ...systemClock, wallMs: () => Date.now() + jumpMs };
    class Jumping extends FaultJournal {
      override intend(fault: Parameters<FaultJournal["intend"]>[0]): void {
        super.intend(fault);
        jumpMs += 24 * 3_600_000;
      }
    }
    const { injector } = stack.injector({ clock, faults: new Jumping(stack.journal) });
    await injector.apply({ http_status: LINK, status: 503, for: 60_000 }, never);
    expect((await send(stack.linkUrl)).status).toBe(503);
    const toxics = await (await fetch(`${stack.proxyUrl}/proxies/${encodeURIComponent(LINK)}/toxics`)).json();
    expect(toxics).toHaveLength(1);
    await injector.undo("all", never);
  });

  test("whose target is already broken has no effect, and is logged so", async () => {
    const { injector, events } = stack.injector();
    await injector.apply({ kill: "server" }, never);
    expect(await injector.apply({ pause: "server" }, never)).toMatch("was already stopped");
    await injector.apply({ down: LINK }, never);
    expect(await injector.apply({ latency: LINK, by: 1 }, never)).toMatch("was already closed");
    expect(of(events, "warning").map(({ code }) => code)).toEqual(["fault-hit-nothing", "fault-hit-nothing"]);
    expect(injector.inForce()).toHaveLength(2);
    await injector.undo("all", never);
  });

  test("on requests that none met is a warning when it is undone; one that was met is not", async () => {
    const { injector, events } = stack.injector();
    await injector.apply({ reply_lost: LINK, match: { tool: "a" } }, never);
    await send(stack.linkUrl, toolCall("b"));
    await injector.undo(LINK, never);
    expect(of(events, "warning")).toMatchObject([{ code: "fault-hit-nothing" }]);
    await injector.apply({ http_status: LINK, status: 503, match: { tool: "a" } }, never);
    await send(stack.linkUrl, toolCall("a"));
    await injector.undo(LINK, never);
    expect(of(events, "warning")).toHaveLength(1);
    expect(of(events, "fault.undone").map(({ hits }) => hits)).toEqual([0, 1]);
  });

  test("that restarts its target leaves a new instance of it, and nothing to undo", async () => {
    const { injector, events } = stack.injector();
    const before = await stack.running.driver.stateOf("server");
    await injector.apply({ restart: "server" }, never);
    expect(await stack.running.driver.stateOf("server")).not.toEqual(before);
    expect(await stateOf("server")).toBe("running");
    expect(of(events, "fault.undone")).toMatchObject([{ result: "restored" }]);
    expect([injector.inForce(), openFaults()]).toEqual([[], []]);
  });
});

describe("faults of one run", () => {
  test("are all restored when one service depends on another that was broken before it", async () => {
    stack.needing("caller", "server");
    const { injector, events } = stack.injector();
    await injector.apply({ stop: "server" }, never);
    await injector.apply({ kill: "caller" }, never);
    expect(await injector.undo("all", never)).toEqual({ undone: 2, residue: [] });
    expect([await stateOf("server"), await stateOf("caller")]).toEqual(["running", "running"]);
    expect(of(events, "fault.undone").map(({ result }) => result)).toEqual(["not restored", "restored", "restored"]);
    expect(openFaults()).toEqual([]);
  });

  test("are applied and undone in turn: a rollback that comes while one is being applied undoes that one too", async () => {
    const { injector, events } = stack.injector();
    const applying = injector.apply({ stop: "server" }, never);
    const undoing = injector.undo("all", never);
    await applying;
    expect(await undoing).toEqual({ undone: 1, residue: [] });
    expect(events.map(({ type }) => type)).toEqual(["fault.intended", "fault.applied", "fault.undone"]);
    expect(await stateOf("server")).toBe("running");
  });

  test("are not applied once the run is cancelled, also when they waited for their turn", async () => {
    const { injector } = stack.injector();
    const cancel = new AbortController();
    const first = injector.apply({ stop: "server" }, cancel.signal);
    const second = injector.apply({ stop: "caller" }, cancel.signal);
    cancel.abort(new Error("cancelled"));
    await first.catch(() => {});
    await expect(second).rejects.toThrow("cancelled");
    expect(await stateOf("caller")).toBe("running");
    await injector.undo("all", never);
    expect(await stateOf("server")).toBe("running");
  });

  test("are undone latest first, or one by one by their target", async () => {
    const { injector, events } = stack.injector();
    await injector.apply({ pause: "server" }, never);
    await injector.apply({ latency: LINK, by: 10 }, never);
    await injector.apply({ down: LINK }, never);
    expect(await injector.undo("caller", never)).toEqual({ undone: 0, residue: [] });
    expect(await injector.undo("server", never)).toEqual({ undone: 1, residue: [] });
    await injector.undo("all", never);
    const ids = of(events, "fault.intended").map(({ fault }) => fault);
    expect(of(events, "fault.undone").map(({ fault }) => fault)).toEqual([ids[0], ids[2], ids[1]]);
  });

  test("that share a link are not mistaken for each other, nor for a manual change", async () => {
    const { injector, events } = stack.injector();
    await injector.apply({ latency: LINK, by: 1, for: 50 }, never);
    await injector.apply({ down: LINK }, never);
    await expect.poll(() => of(events, "fault.undone")).toMatchObject([{ result: "restored" }]);
    await expect(send(stack.linkUrl)).rejects.toThrow("ECONNREFUSED");
    await injector.undo("all", never);
    expect((await send(stack.linkUrl)).status).toBe(200);
  });

  test("cannot be applied while everything is halted", async () => {
    const { injector } = stack.injector();
    stack.faults.halt(Date.now());
    await expect(injector.apply({ stop: "server" }, never)).rejects.toMatchObject({ code: "precondition" });
    stack.faults.arm();
    await injector.apply({ stop: "server" }, never);
    await injector.undo("all", never);
  });

  test("that another process has undone are reported so, and not undone again", async () => {
    const { injector, events } = stack.injector();
    await injector.apply({ kill: "server" }, never);
    await undoOpenFaults(stack.running.registered, stack.undoParts, "links first, then all at once", never);
    const undone = await stack.running.driver.stateOf("server");
    expect(injector.flaws).toEqual([]);
    await injector.undo("all", never);
    expect(injector.flaws).toEqual([expect.stringMatching("kill server was undone in mid-run")]);
    expect(of(events, "fault.undone")).toMatchObject([{ result: "restored", detail: injector.flaws[0] }]);
    expect(await stack.running.driver.stateOf("server")).toEqual(undone);
  });
});

import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { RunFeed } from "../../lab/service/streams/run-feed.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { RawWindow } from "./testing/raw-window.ts";
import { ServedLab } from "./testing/served-lab.ts";

const RUN = "0f0f0f0f-0000-4000-8000-00000000beef";
const EVENTS = 2_000;
const LINE = "x".repeat(2_000);

const home = lastingFolder();
let lab: ServedLab;
beforeAll(async () => {
  lab = await ServedLab.start(home);
});
afterAll(() => lab.close());

interface WireBatch {
  t?: number;
  p: { e?: string; d: { json: { message: number; items: { seq: number }[] } } };
}

async function follower(): Promise<{ window: RawWindow; subscription: string }> {
  const { window } = await RawWindow.letIn(lab, await lab.comeIn());
  onTestFinished(() => window.socket.terminate());
  const subscription = randomUUID();
  window.send({
    i: "s",
    p: { u: "/events/subscribe", b: { json: { topic: "run", subscription, runId: RUN, afterSeq: 0 } } },
  });
  // Its stream's headers: it follows.
  await window.next();
  return { window, subscription };
}

test("a window that neither reads nor acknowledges does not delay other windows", async () => {
  const feed = new RunFeed(RUN, lab.service.store.durability);
  lab.service.feeds.get = () => feed;
  const stalled = await follower();
  stalled.window.socket.pause();
  const { window, subscription } = await follower();
  for (let seq = 1; seq <= EVENTS; seq++) {
    const event =
      seq === EVENTS
        ? { type: "run.ended", outcome: "passed", reason: "it ended" }
        : { type: "warning", code: "c", message: LINE };
    feed.append({ runId: RUN, seq, atMs: seq, wallMs: seq, ...event } as LabEvent);
  }
  let seen = 0;
  while (seen < EVENTS) {
    const { t, p } = (await window.next()) as WireBatch;
    if (t !== 3) continue;
    for (const { seq } of p.d.json.items) expect(seq).toBe(++seen);
    window.send({
      i: `a${seen}`,
      p: { u: "/events/acknowledge", b: { json: { subscription, message: p.d.json.message } } },
    });
  }
  // Of the one that has stalled a few batches are under way, and the rest is held for nobody.
  expect(lab.service.streams.totals().furthestBehind).toBeGreaterThan(EVENTS / 4);
});

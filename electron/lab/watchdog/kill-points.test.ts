import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { FAULTS, killAtAnyTime, seeded } from "./testing/kill-choice.ts";
import { KILL_POINTS } from "./testing/kill-points.ts";
import { KillTestbed } from "./testing/kill-round.ts";
import { serviceProcessesOf } from "./testing/process-table.ts";

const home = mkdtempSync(join(tmpdir(), "resilience-lab-kill-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** One with the watchdog and one without: the soak makes many more. */
const RANDOM_KILLS = 2;
const KEPT_RUN_MS = 1_500;
const OWN_RUN_MS = 4_000;

/** Each moment once, each with another fault; every second time the watchdog is killed too. The soak does the rest. */
const AT_MOMENTS = KILL_POINTS.map((when, index) => ({
  when,
  fault: FAULTS[index % FAULTS.length] ?? {},
  watchdogToo: index % 2 === 0,
}));

// Only Linux has /proc, which the oracle reads.
describe.runIf(process.platform === "linux")("a lab that is killed in the middle of a run", () => {
  describe("on a stack that stays up", () => {
    const keptHome = join(home, "kept");
    const testbed = new KillTestbed(keptHome);
    beforeAll(() => testbed.keepStack());
    afterAll(() => testbed.close());

    describe("is judged from outside, which", () => {
      /** Changes the proxy without the lab. */
      async function callProxy(link: string, path: string, method: string, body: object): Promise<void> {
        const proxy = serviceProcessesOf(keptHome).find(({ service }) => service === "fault-proxy");
        const url = `http://127.0.0.1:${proxy?.environment.PORT}/proxies/${encodeURIComponent(link)}${path}`;
        const headers = { authorization: `Bearer ${proxy?.environment.CONTROL_TOKEN}` };
        const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
        expect(answer.ok).toBe(true);
      }

      test("sees a service that someone has paused", async () => {
        expect(await testbed.damage()).toEqual([]);
        const pid = serviceProcessesOf(keptHome).find(({ service }) => service === "payments-mcp")?.pid;
        if (pid === undefined) throw new Error("it should run");
        onTestFinished(() => void process.kill(pid, "SIGCONT"));
        process.kill(pid, "SIGSTOP");
        await expect.poll(() => testbed.damage()).toEqual(["payments-mcp is paused"]);
        process.kill(pid, "SIGCONT");
        await expect.poll(() => testbed.damage()).toEqual([]);
      });

      test("sees a link that is closed, and one that lets nothing through, to whatever speaks there", async () => {
        const ends = { name: "ends", type: "timeout", attributes: { timeout: 1 } };
        await callProxy("agent->gateway", "", "POST", { enabled: false });
        await callProxy("gateway->payments-mcp", "/toxics", "POST", ends);
        await callProxy("gateway->audit-db", "/toxics", "POST", ends);
        expect((await testbed.damage()).sort()).toEqual([
          expect.stringMatching(/^agent->gateway: .*ECONNREFUSED/),
          expect.stringMatching(/^gateway->audit-db: closed/),
          expect.stringMatching(/^gateway->payments-mcp: socket hang up/),
        ]);
        await callProxy("agent->gateway", "", "POST", { enabled: true });
        for (const link of ["gateway->payments-mcp", "gateway->audit-db"]) {
          await callProxy(link, "/toxics/ends", "DELETE", {});
        }
        expect(await testbed.damage()).toEqual([]);
      });
    });

    test.each(AT_MOMENTS)("$when of $fault leaves nothing broken (watchdog killed too: $watchdogToo)", async (kill) => {
      expect(await testbed.kill(kill)).toMatchObject({ wasKilled: true, damage: [] });
    });

    const random = seeded(42);
    const atRandom = Array.from({ length: RANDOM_KILLS }, (_, index) => killAtAnyTime(index, random, KEPT_RUN_MS));
    test.each(atRandom)("at a random time with $fault leaves nothing broken", async (kill) => {
      expect(await testbed.kill(kill)).toMatchObject({ damage: [] });
    });
  });

  describe("on a stack of its own", () => {
    const testbed = new KillTestbed(join(home, "own"));

    test.each([
      { when: "after the apply" as const, fault: { stop: "payments-mcp" }, watchdogToo: false },
      { when: { afterMs: OWN_RUN_MS / 4 }, fault: { pause: "gateway" }, watchdogToo: true },
    ])("leaves no process behind ($when)", async (kill) => {
      expect(await testbed.kill(kill)).toMatchObject({ wasKilled: true, damage: [] });
    });
  });
});

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyRunView, foldAll } from "../lab/events/fold.ts";
import { Lab, shippedScenarios } from "../lab/lab.ts";
import { ON_REFERENCE_STACK } from "../lab/stack/run-target.ts";
const lab = Lab.open({ ...process.env, RESILIENCE_LAB_HOME: mkdtempSync(join(tmpdir(), "steps-")) });
const { signal } = new AbortController();
const t0 = performance.now();
await lab.work("x", signal, async (bench) => {
  const target = await lab.resolve({ ...ON_REFERENCE_STACK, ports: "auto" });
  await bench.stacks.use(target, { signal, listen: (n) => n.is === "open" && console.log("up", n.tookMs.toFixed(0)) }, async (open) => {
    for (const loaded of shippedScenarios()) {
      const events: any[] = [];
      const c = process.cpuUsage();
      const b = performance.now();
      await bench.run(loaded, open, { ...open.target, keepRaw: false, signal, listen: (e) => void events.push(e) });
      const cpu = process.cpuUsage(c);
      const v = foldAll(emptyRunView, events);
      const ph = v.phases.map((p: any, i: number) => `${p.phase} ${((v.phases[i + 1]?.startMs ?? v.ended!.atMs) - p.startMs).toFixed(0)}`).join(", ");
      console.log(loaded.scenario.id, (performance.now() - b).toFixed(0), "ms cpu", ((cpu.user + cpu.system) / 1000).toFixed(0), v.ended?.outcome, "|", v.phases[0]?.startMs.toFixed(0), ph);
      for (const s of v.steps) console.log("    ", s.label.slice(0, 70), (s.endMs! - s.startMs).toFixed(0));
      for (const f of v.faults as any[]) console.log("      fault", f.kind, f.target, "apply", (f.appliedMs - f.intendedMs).toFixed(0), "undone", f.undoneMs?.toFixed(0));
    }
  });
});
lab.close();
console.log("total", (performance.now() - t0).toFixed(0));

import { describe, expect, it } from "vitest";
import { LabFailure } from "../lab-client/lab-failure.ts";
import { type BundleDoor, type ImportStage, importBundle, importSummary, lookOf } from "./import-bundle.ts";

const UPLOAD = "8d7b7b1e-4a7e-4b53-9d6c-0d5cf0f9a001";

function door(parts: Partial<BundleDoor> = {}): BundleDoor {
  return {
    upload: async () => ({ upload: UPLOAD, fileName: "runs.zip", bytes: 10 }),
    verify: async () => ({ isValid: true, problems: [], runs: [], viewerDiffers: false }),
    import: async () => ({
      imported: [{ runId: "a", scenarioTitle: "A crash" }],
      alreadyHere: [],
      viewerDiffers: false,
    }),
    openTrace: async () => ({ runId: "t", title: "a trace", spans: 1, traces: 1, problems: [], isAlreadyHere: false }),
    ...parts,
  };
}

const never = new AbortController().signal;

describe("what is given for import", () => {
  it("is told by its first bytes, whatever its name", () => {
    const look = (text: string) => lookOf(new TextEncoder().encode(text));
    expect(lookOf(new Uint8Array([0x50, 0x4b, 3, 4]))).toBe("bundle");
    expect(lookOf(new Uint8Array([0x1f, 0x8b, 8]))).toBe("trace");
    expect(lookOf(new Uint8Array([]))).toBe("trace");
    expect([look(' \n{"data":[]}'), look("[{}]"), look("id: mine"), look("\n\u0008protobuf")]).toEqual([
      ...["trace", "trace", "unknown", "unknown"],
    ]);
  });

  it("is opened as a trace; what turns out to be neither is refused as a bundle", async () => {
    const opened = await importBundle(door(), "t", () => {}, never, "unknown");
    expect(opened).toMatchObject({ is: "opened", trace: { runId: "t" } });
    const none = door({
      openTrace: async () => {
        throw new LabFailure("bad-input", "it is no trace");
      },
      verify: async () => ({ isValid: false, problems: ["this is a scenario"], runs: [], viewerDiffers: false }),
    });
    expect(await importBundle(none, "x", () => {}, never, "unknown")).toMatchObject({ is: "refused" });
    expect(await importBundle(none, "x", () => {}, never, "trace")).toMatchObject({ message: "it is no trace" });
  });
});

describe("importing a bundle", () => {
  it("uploads, verifies, then imports", async () => {
    const stages: ImportStage[] = [];
    const outcome = await importBundle(door(), "runs.zip", (stage) => stages.push(stage), never);
    expect(stages).toEqual(["sending", "verifying", "importing"]);
    expect(outcome).toMatchObject({ is: "imported", imported: [{ runId: "a" }] });
  });

  it("imports nothing of an invalid bundle", async () => {
    const refusing = door({
      verify: async () => ({
        isValid: false,
        problems: ["../../etc/passwd is outside the bundle"],
        runs: [],
        viewerDiffers: false,
      }),
      import: async () => {
        throw new Error("imported though it is not valid");
      },
    });
    const outcome = await importBundle(refusing, "evil.zip", () => {}, never);
    expect(outcome).toEqual({
      is: "refused",
      fileName: "evil.zip",
      problems: ["../../etc/passwd is outside the bundle"],
    });
  });

  it("reports what failed and the next step", async () => {
    const failing = door({
      upload: async () => {
        throw new LabFailure("bad-input", "the file is larger than 1 GiB", { hint: "export fewer runs" });
      },
    });
    expect(await importBundle(failing, "big.zip", () => {}, never)).toEqual({
      is: "failed",
      fileName: "big.zip",
      message: "the file is larger than 1 GiB. Fix: export fewer runs.",
    });
  });

  it("stops before importing when cancelled", async () => {
    const stop = new AbortController();
    const work = importBundle(
      door(),
      "runs.zip",
      (stage) => stage === "verifying" && stop.abort(new Error("cancelled")),
      stop.signal,
    );
    await expect(work).rejects.toThrow("cancelled");
  });

  it("summarises the result in one line", () => {
    const run = { runId: "a", scenarioTitle: "A crash" };
    expect(importSummary({ imported: [run], alreadyHere: [], viewerDiffers: false })).toBe("1 run imported");
    expect(importSummary({ imported: [run, run], alreadyHere: ["b"], viewerDiffers: false })).toBe(
      "2 runs imported, 1 already in the history",
    );
    expect(importSummary({ imported: [], alreadyHere: ["b"], viewerDiffers: false })).toBe(
      "1 run is already in the history",
    );
    expect(importSummary({ imported: [], alreadyHere: [], viewerDiffers: false })).toBe("The bundle has no runs");
  });
});

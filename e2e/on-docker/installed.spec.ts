import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "@playwright/test";

const PIPED: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
const PROJECT = join(import.meta.dirname, "..", "..");

test("the package that npm installs runs scenarios and opens the page, in a folder with nothing else", async ({
  page,
}) => {
  test.setTimeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), "resilience-lab-installed-"));
  // Nothing of the project is found from there, and its data is its own.
  const environment = { ...process.env, RESILIENCE_LAB_HOME: join(folder, "data"), PATH: pathOutsideProject() };
  const options = { cwd: folder, env: environment, encoding: "utf8" as const, stdio: PIPED };
  try {
    const packed = join(folder, "packed");
    execFileSync(process.execPath, [join(PROJECT, "electron", "npm-package.ts"), packed], options);
    const [tarball = ""] = readdirSync(packed).filter((name) => name.endsWith(".tgz"));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "empty", private: true }));
    execFileSync("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", join(packed, tarball)], options);
    rmSync(packed, { recursive: true });

    await test.step("without what only the project needs", () => {
      for (const name of ["electron", "typescript", "react", "vite", "esbuild"]) {
        expect(existsSync(join(folder, "node_modules", name)), name).toBe(false);
      }
    });

    await test.step("npx resilience-lab demo, on the reference stack that came with it", () => {
      const args = ["resilience-lab", "demo", "patterns", "--ports", "auto", "--reporter", "json"];
      const report = JSON.parse(execFileSync("npx", args, options));
      expect(report.runs.map(({ headline }: { headline: string }) => headline)).toEqual(PATTERNS);
    });

    await test.step("npx resilience-lab start, with the page that came with it", async () => {
      const host = spawn("npx", ["resilience-lab", "start", "--no-open"], { ...options, detached: true });
      const ended = once(host, "exit");
      try {
        let printed = "";
        host.stdout.setEncoding("utf8").on("data", (text: string) => {
          printed += text;
        });
        await expect.poll(() => printed).toMatch(/http:\/\/127\.0\.0\.1:\d+\/\S+/);
        await page.goto(/http:\/\/127\.0\.0\.1:\d+\/\S+/.exec(printed)?.[0] ?? "");
        await expect(page.getByRole("heading", { level: 1, name: "Lab" })).toBeVisible();
        await expect(page.getByText("The MCP server crashes and the tool stays visible").first()).toBeVisible();
      } finally {
        // With npx, which passes no signal on.
        process.kill(-(host.pid ?? 0), "SIGTERM");
        await ended;
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const PATTERNS = [
  "Without the budget, 30 calls succeeded",
  "5 calls succeeded, 25 were refused by the budget",
  "Without redaction, lookup_charge succeeded",
  "lookup_charge went through redacted",
];

/** This Node, which the package needs, and no program of the project. */
function pathOutsideProject(): string {
  const others = (process.env.PATH ?? "").split(":").filter((each) => !each.startsWith(PROJECT));
  return [dirname(process.execPath), ...others].join(":");
}

/** A compose project of someone else's, brought up and removed by the compose tool of the machine. */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeOnDocker } from "../../electron/lab/stacks/docker/testing/on-docker.ts";
import { TerminalLab } from "./terminal-lab.ts";

const SERVER = `require("http").createServer((_, r) => r.end("{}")).listen(80); process.on("SIGTERM", () => process.exit(0))`;

describeOnDocker("a compose project of someone else's", () => {
  test("is brought up, broken, restored and removed by the name of its file or its own", async (context) => {
    const lab = TerminalLab.for(context);
    const project = `labfile${randomUUID().slice(0, 8)}`;
    mkdirSync(join(lab.folder, project));
    const web = { image: "node:24-slim", command: ["node", "-e", SERVER], stop_grace_period: "1s" };
    const file = lab.write(`${project}/compose.yaml`, JSON.stringify({ version: "3.8", services: { web } }));
    const states = () => {
      const filter = `label=com.docker.compose.project=${project}`;
      const args = ["ps", "-a", "--filter", filter, "--format", "{{.State}}"];
      return execFileSync("docker", args, { encoding: "utf8" }).trim();
    };
    context.onTestFinished(() => {
      execFileSync("docker-compose", ["-p", project, "-f", file, "down", "-v"], { stdio: "pipe" });
    });

    const before = await lab.run("stack", "status", "--stack", file);
    expect(before.err).toContain(`${project} is not up\n  bring it up first: resilience-lab stack up --stack ${file}`);
    const up = await lab.run("stack", "up", "--stack", file);
    expect([up.code, up.out]).toEqual([0, expect.stringContaining(`${project} is up`)]);
    expect(states()).toBe("running");
    // Once it is up its name is enough.
    const status = await lab.run("stack", "status", "--project", project);
    expect(status.out).toMatch(/web +up/);
    expect((await lab.run("break", "stop", "web", "--project", project)).out).toContain("broken: web stopped");
    expect(states()).toBe("exited");
    const refused = await lab.run("stack", "down", "--stack", file);
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining(`restore --project ${project}`)]);
    expect((await lab.run("restore", "--project", "another")).out).toContain("no fault is in force on another");
    expect(states()).toBe("exited");
    expect((await lab.run("restore", "--stack", file)).out).toContain("restored: stop web");
    expect(states()).toBe("running");
    const down = await lab.run("stack", "down", "--project", project);
    expect([down.code, down.out]).toEqual([0, expect.stringContaining(`${project} is removed`)]);
    expect(states()).toBe("");
  });
});

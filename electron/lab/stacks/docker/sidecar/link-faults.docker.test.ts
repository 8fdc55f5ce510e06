import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LINK_FAULTS } from "../../../faults/link-faults.ts";
import { type DirectLink, linkNamed } from "../../stack-file.ts";
import { OVERLAY_FILE } from "../project-overlay.ts";
import { CALLEE_COMMAND, LinkedProject, sharedProject, TWO_SERVICES } from "../testing/linked-project.ts";
import { describeOnDocker, docker, ownSubnet } from "../testing/on-docker.ts";
import { openLinked } from "../testing/open-linked.ts";

const { signal } = new AbortController();
const LINK = "caller->tools";

const CALL = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "pay", arguments: {} } };

/** The first call may meet a connection that was open before, and is reset once. */
async function calledAgain(project: LinkedProject, body?: unknown) {
  const first = await project.call(body);
  return first.error === undefined ? first : project.call(body);
}

const BY_HOSTS = `x-lab:
  links: [{ name: "${LINK}", port: 8000, by: hosts }]
`;

describeOnDocker("a link of a project that knows nothing of the lab", () => {
  const shared = sharedProject(TWO_SERVICES);

  test("is slow while it is broken, and nothing of the project differs afterwards", async () => {
    const project = shared();
    const before = project.state();
    const { injector } = await openLinked(project);
    expect(await project.call()).toMatchObject({ status: 200 });
    await injector.apply({ latency: LINK, by: 900 }, signal);
    // What was open before is reset, so that callers with pooled connections meet the fault, too.
    expect((await project.call()).error).toMatch(/ECONNRESET|EPIPE/);
    const slow = await project.call();
    expect(slow).toMatchObject({ status: 200 });
    expect(slow.ms).toBeGreaterThanOrEqual(900);
    // The callee still sees the caller's own address.
    const address = docker(
      "inspect",
      "-f",
      "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
      project.container("caller"),
    );
    expect(slow.text).toContain(address);
    expect(await injector.undo("all", signal)).toEqual({ undone: 1, residue: [] });
    expect(project.state()).toBe(before);
    expect(await calledAgain(project)).toMatchObject({ status: 200 });
  });

  test("answers MCP calls with errors, for one tool alone, and each hit says which call met it", async () => {
    const project = shared();
    const { injector, hits, undone } = await openLinked(project);
    await injector.apply({ mcp_error: LINK, message: "broken", match: { tool: "pay" } }, signal);
    expect((await calledAgain(project, { ...CALL, params: { name: "other" } })).text).toContain("own");
    expect(JSON.parse((await calledAgain(project, CALL)).text ?? "")).toMatchObject({
      id: 1,
      error: { message: "broken" },
    });
    await injector.undo(LINK, signal);
    await injector.apply({ http_status: LINK, status: 503 }, signal);
    expect(await calledAgain(project, CALL)).toMatchObject({ status: 503 });
    await injector.undo("all", signal);
    expect(hits()).toEqual([
      { link: LINK, method: "tools/call", tool: "pay", session: "session-1", effect: expect.any(String) },
      { link: LINK, method: "tools/call", tool: "pay", session: "session-1", effect: expect.stringContaining("503") },
    ]);
    expect(undone().map(({ result, hits: count }) => [result, count])).toEqual([
      ["restored", 1],
      ["restored", 1],
    ]);
  });

  test("carries several faults, each undone by itself, and its rules stay until the last", async () => {
    const project = shared();
    const before = project.state();
    const { injector } = await openLinked(project);
    await injector.apply({ latency: LINK, by: 10, for: 60_000 }, signal);
    const rules = project.rules();
    await injector.apply({ down: LINK }, signal);
    expect((await calledAgain(project)).error).toBe("ECONNREFUSED");
    expect(project.sidecars()).toHaveLength(1);
    expect(project.rules()).toEqual(rules);
    await injector.undo("all", signal);
    expect(project.state()).toBe(before);
    await injector.apply({ down: LINK, for: 500 }, signal);
    // Undone by itself, with everything that was needed for it.
    await expect.poll(() => project.sidecars()).toEqual([]);
    expect(await calledAgain(project)).toMatchObject({ status: 200 });
    expect(project.state()).toBe(before);
  });

  test("takes every fault that a declared link takes", async () => {
    const project = shared();
    const before = project.state();
    const { injector, undone } = await openLinked(project);
    const attributes: Record<string, object> = {
      latency: { by: 1 },
      bandwidth: { rate: 1_000 },
      slow_close: { by: 1 },
      slicer: { size: 100 },
      limit_data: { bytes: 1_000 },
      http_status: { status: 503 },
      http_delay: { by: 1 },
      tools_changed: { remove: ["pay"] },
    };
    for (const kind of LINK_FAULTS) await injector.apply({ [kind]: LINK, ...attributes[kind] }, signal);
    expect(injector.inForce().map(({ kind }) => kind)).toEqual(LINK_FAULTS);
    await injector.closeEnded();
    expect(injector.flaws).toEqual([]);
    expect(project.sidecars()).toHaveLength(1);
    expect(await injector.undo("all", signal)).toEqual({ undone: LINK_FAULTS.length, residue: [] });
    expect(new Set(undone().map(({ result }) => result))).toEqual(new Set(["restored"]));
    expect(project.state()).toBe(before);
  });

  test("is as it was after a fault that its proxy refuses", async () => {
    const project = shared();
    const before = project.state();
    const { injector } = await openLinked(project);
    await expect(injector.apply({ tools_changed: LINK }, signal)).rejects.toThrow(/status code 400/);
    expect(injector.inForce()).toEqual([]);
    expect(project.state()).toBe(before);
  });

  test("is broken at each address of each replica, of version 6 too", async () => {
    const [, a, b] = ownSubnet().split(".");
    const network = `networks:\n  default:\n    enable_ipv6: true\n    ipam: { config: [{ subnet: "fd00:${a}:${b}::/64" }] }\n`;
    const project = new LinkedProject(`version: "2.4"\n${TWO_SERVICES}${network}`, ["--scale", "tools=2"]);
    const before = project.state();
    const { injector } = await openLinked(project);
    const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} [{{.GlobalIPv6Address}}]{{end}}";
    const hosts = docker("inspect", "-f", format, ...project.container("tools").split("\n")).split(/\s+/);
    expect(hosts).toHaveLength(4);
    const urls = hosts.map((host) => `http://${host}:8000/`);
    expect(project.statuses("caller", urls)).toEqual([200, 200, 200, 200]);
    await injector.apply({ http_status: LINK, status: 503 }, signal);
    expect(project.statuses("caller", urls)).toEqual([503, 503, 503, 503]);
    await injector.undo("all", signal);
    expect(project.statuses("caller", urls)).toEqual([200, 200, 200, 200]);
    expect(project.state()).toBe(before);
  });

  test("is broken between services that share a network namespace", async () => {
    const project = new LinkedProject(`services:
  caller: { image: node:24-slim, command: [sleep, "1000"], network_mode: "service:tools", stop_grace_period: 0s }
  tools: { image: node:24-slim, command: ${CALLEE_COMMAND} }
`);
    const before = project.state();
    const { injector } = await openLinked(project);
    const urls = ["http://127.0.0.1:8000/", "http://tools:8000/"];
    await injector.apply({ http_status: LINK, status: 503 }, signal);
    expect(project.statuses("caller", urls)).toEqual([503, 503]);
    await injector.undo("all", signal);
    expect(project.statuses("caller", urls)).toEqual([200, 200]);
    expect(project.state()).toBe(before);
  });

  test("is broken as seen from its caller alone", async () => {
    const project = new LinkedProject(
      TWO_SERVICES.replace(
        "  tools:\n",
        `  other: { image: node:24-slim, command: [sleep, "1000"], stop_grace_period: 0s }\n  tools:\n`,
      ),
    );
    const { injector } = await openLinked(project);
    await injector.apply({ http_status: LINK, status: 503 }, signal);
    const urls = ["http://tools:8000/"];
    expect(["caller", "other", "tools"].map((service) => project.statuses(service, urls)[0])).toEqual([503, 200, 200]);
    await injector.undo("all", signal);
  });

  test("of a caller on the host's network is refused with the reason, and nothing is set there", async () => {
    const project = new LinkedProject(`services:
  caller: { image: node:24-slim, command: [sleep, "1000"], network_mode: host, stop_grace_period: 0s }
  tools: { image: node:24-slim, command: ${CALLEE_COMMAND} }
`);
    const { injector, running } = await openLinked(project);
    const why =
      /caller->tools cannot be broken: caller uses the network of the host, so the rules would be the whole machine's/;
    await expect(injector.apply({ latency: LINK, by: 10 }, signal)).rejects.toThrow(why);
    await expect(running.driver.sidecars?.preflight(linkNamed(running.stack, LINK) as DirectLink)).rejects.toThrow(why);
    expect(injector.inForce()).toEqual([]);
    expect(project.sidecars()).toEqual([]);
  });

  test("by the caller's hosts file needs no right over the network, and leaves the file as it was", async () => {
    const project = new LinkedProject(TWO_SERVICES);
    writeFileSync(join(project.folder, OVERLAY_FILE), BY_HOSTS);
    const hosts = () => docker("exec", project.container("caller"), "cat", "/etc/hosts");
    const rules = project.rules();
    const [before, found] = [project.state(), hosts()];
    const { injector, running, hits, undone, read } = await openLinked(project);
    const link = linkNamed(running.stack, LINK) as DirectLink;
    expect(await running.driver.sidecars?.preflight(link)).toMatch(/^by caller's hosts file, which misses connections/);
    await injector.apply({ http_status: LINK, status: 503 }, signal);
    expect(project.rules()).toEqual(rules);
    expect(project.statuses("caller", ["http://tools:8000/"])).toEqual([503]);
    await read();
    expect(hits()).toMatchObject([{ link: LINK, effect: expect.stringContaining("503") }]);
    await injector.undo("all", signal);
    expect(undone()).toMatchObject([{ result: "restored", hits: 1 }]);
    expect(hosts()).toBe(found);
    expect(project.statuses("caller", ["http://tools:8000/"])).toEqual([200]);
    expect(project.state()).toBe(before);
    // One that was killed leaves its line, which the undo removes.
    await injector.apply({ down: LINK }, signal);
    const [sidecar = ""] = docker("ps", "-q", "--filter", `label=resilience-lab.project=${project.name}`).split("\n");
    docker("kill", sidecar);
    expect(hosts()).not.toBe(found);
    await injector.undo("all", signal);
    expect(hosts()).toBe(found);
  });

  test("is left out where one of its ends has done its work and ended", async () => {
    const project = shared();
    // Killed after its grace period, or before it listens for the signal, it would not have ended by itself.
    docker("stop", "-t", "60", project.container("tools"));
    const { running } = await openLinked(project);
    expect(running.stack.services.map(({ name }) => name)).toEqual(["caller"]);
    expect(running.stack.links).toEqual([]);
    docker("start", project.container("tools"));
  });

  test.each([
    ["caller", /caller is not running/],
    ["tools", /tools is not running, so its address is not known/],
  ])("is refused with the reason while %s is down", async (service, why) => {
    const project = shared();
    docker("kill", project.container(service));
    const { injector } = await openLinked(project, { acceptExisting: true });
    await expect(injector.apply({ latency: LINK, by: 10 }, signal)).rejects.toThrow(why);
    expect(project.sidecars()).toEqual([]);
    docker("start", project.container(service));
  });
});

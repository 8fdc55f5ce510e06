import { createHash } from "node:crypto";
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import type { LabError } from "../../lab-error.ts";
import { explainNoEngine } from "./diagnosis.ts";
import { connectEngine } from "./engine.ts";
import { engineAddress, reachesContainer } from "./engine-address.ts";
import { fakeEngine } from "./testing/fake-engine.ts";

const DOCKER = { Version: "20.10.24", ApiVersion: "1.41", Components: [{ Name: "Engine" }] };

async function engineThatSays(version: unknown, info: unknown = {}) {
  const engine = await fakeEngine();
  engine.answer("/version", version);
  engine.answer("/info", info);
  return engine;
}

/** Message and hint of the refusal, on two lines. */
async function refusal(environment: NodeJS.ProcessEnv, allowRemote = false): Promise<string> {
  const error: LabError = await connectEngine(environment, allowRemote).then(
    () => expect.unreachable("it was accepted"),
    (thrown) => thrown,
  );
  return `${error.message}\n${error.hint}`;
}

const at = (socket: string) => ({ DOCKER_HOST: `unix://${socket}`, HOME: temporaryFolder() });

test("an engine that is new enough is used, and says its version", async () => {
  const { socket } = await engineThatSays(DOCKER);
  const { version, notes, address } = await connectEngine(at(socket), false);
  expect({ version, notes, host: address.host }).toEqual({ version: "20.10.24", notes: [], host: `unix://${socket}` });
});

const ownAddress = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

test.skipIf(process.getuid?.() !== 0 || ownAddress === undefined)(
  "a container's address is none of this machine's where the engine is another user's, though the machine has such an address",
  async () => {
    const { socket } = await engineThatSays(DOCKER);
    const address = engineAddress(at(socket));
    expect(reachesContainer(address, ownAddress ?? "")).toBe(process.platform === "linux");
    chownSync(socket, 4_711, 4_711);
    expect(reachesContainer(address, ownAddress ?? "")).toBe(false);
  },
);

describe("an engine that cannot be used is told with the hint:", () => {
  test("no socket", async () => {
    const said = await refusal(at(join(temporaryFolder(), "none.sock")));
    expect(said).toMatch(
      /no Docker engine answers at unix:\/\/\S+none\.sock \(by DOCKER_HOST\): there is no such socket/,
    );
    expect(said).toMatch(/\n.*--driver process/);
  });

  test("no socket here, but another engine elsewhere", () => {
    const gone = Object.assign(new Error("connect ENOENT /var/run/docker.sock"), { code: "ENOENT" });
    const address = { host: "unix:///var/run/docker.sock", namedBy: "default" };
    const found = ["/run/user/1000/docker.sock"];
    expect(explainNoEngine(gone, address, found).hint).toContain("DOCKER_HOST=unix:///run/user/1000/docker.sock");
  });

  test("a socket that nothing listens on", async () => {
    const socket = join(temporaryFolder(), "left.sock");
    const server = createServer().listen(socket);
    await new Promise((resolve) => server.once("listening", resolve));
    // A server that dies leaves its socket; closing removes it, so it is made again as a plain file.
    await new Promise((resolve) => server.close(resolve));
    writeFileSync(socket, "");
    expect(await refusal(at(socket))).toMatch(/nothing listens on the socket\n.*(start|Start)/);
  });

  test("no permission", () => {
    const denied = Object.assign(new Error("connect EACCES /var/run/docker.sock"), { code: "EACCES" });
    const error = explainNoEngine(denied, { host: "unix:///var/run/docker.sock", namedBy: "default" }, []);
    expect(error.message).toBe("this user may not use the Docker engine at unix:///var/run/docker.sock (by default)");
    expect(error.hint).toContain("usermod -aG docker");
  });

  test("too old", async () => {
    const { socket } = await engineThatSays({ Version: "18.09.1", ApiVersion: "1.39" });
    expect(await refusal(at(socket))).toMatch(/too old: 18\.09\.1 \(API 1\.39\)\nupdate it to 20\.10 or newer/);
  });

  test("Podman's socket", async () => {
    const { socket } = await engineThatSays({ ...DOCKER, Version: "5.2.1", Components: [{ Name: "Podman Engine" }] });
    expect(await refusal(at(socket))).toMatch(
      /is Podman's socket \(Podman 5\.2\.1\).*\npoint DOCKER_HOST at a Docker engine/,
    );
  });

  test("something else that speaks HTTP", async () => {
    const { socket } = await engineThatSays("hello");
    expect(await refusal(at(socket))).toMatch(/is not a Docker engine\nset DOCKER_HOST/);
  });

  test("something that does not speak HTTP", async () => {
    const socket = join(temporaryFolder(), "ssh.sock");
    const server = createServer((connection) => connection.end("SSH-2.0-OpenSSH_9.2\r\n")).listen(socket);
    onTestFinished(() => void server.close());
    expect(await refusal(at(socket))).toMatch(/is not a Docker engine: .*\nset DOCKER_HOST/);
  });

  test.each(["tcp://10.1.2.3:2375", "ssh://ann@build.example", "10.1.2.3:2375"])(
    "a remote one without consent (%s)",
    async (host) => {
      expect(await refusal({ DOCKER_HOST: host })).toMatch(
        /the Docker engine is on another machine: (tcp|ssh):\/\/\S+, by DOCKER_HOST\n.*--allow-remote-docker/,
      );
    },
  );

  test("an address that is none", async () => {
    expect(await refusal({ DOCKER_HOST: "ftp://somewhere" })).toMatch(/is no address of a Docker engine/);
  });
});

test("a remote engine with consent is used, and said to be remote", async () => {
  const server = createHttpServer((request, response) => {
    response.end(JSON.stringify(request.url?.endsWith("/version") ? DOCKER : {}));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  const host = `tcp://127.0.0.1:${(server.address() as { port: number }).port}`;
  const { notes } = await connectEngine({ DOCKER_HOST: host }, true);
  expect(notes).toEqual([`REMOTE Docker engine: ${host} (by DOCKER_HOST)`]);
});

test("a rootless engine is used, and what it cannot do is said", async () => {
  const { socket } = await engineThatSays(DOCKER, { SecurityOptions: ["name=rootless"], CgroupVersion: "1" });
  const { notes } = await connectEngine(at(socket), false);
  expect(notes).toEqual(["rootless Docker engine; it cannot pause containers, which needs cgroup v2"]);
});

test("the docker context chooses the engine, as for the docker command line", async () => {
  const folder = temporaryFolder();
  const digest = createHash("sha256").update("colima").digest("hex");
  const meta = join(folder, ".docker", "contexts", "meta", digest);
  mkdirSync(meta, { recursive: true });
  writeFileSync(join(meta, "meta.json"), JSON.stringify({ Endpoints: { docker: { Host: "unix:///colima.sock" } } }));
  expect(engineAddress({ HOME: folder, DOCKER_CONTEXT: "colima" })).toEqual({
    host: "unix:///colima.sock",
    namedBy: "context colima",
  });
  writeFileSync(join(folder, ".docker", "config.json"), JSON.stringify({ currentContext: "colima" }));
  expect(engineAddress({ HOME: folder }).host).toBe("unix:///colima.sock");
  expect(engineAddress({ HOME: folder, DOCKER_HOST: "unix:///mine.sock" }).host).toBe("unix:///mine.sock");
  expect(() => engineAddress({ HOME: folder, DOCKER_CONTEXT: "other" })).toThrow('there is no docker context "other"');
});

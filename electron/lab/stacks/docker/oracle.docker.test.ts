import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { loadStack } from "../stack-file.ts";
import { compose, describeOnDocker, docker, ownSubnet, projectName, SERVER, upOnDocker } from "./testing/on-docker.ts";

const FILE = (subnet: string) => `services:
  web:
    image: node:24-slim
    command: [node, -e, ${JSON.stringify(SERVER)}]
    user: node
    working_dir: /home/node
    hostname: web-host
    init: true
    restart: on-failure:3
    stop_signal: SIGINT
    stop_grace_period: 2s
    labels: { team: shop }
    environment:
      GREETING: "hello $$5, \${GREETING:-you}"
      FROM_DOTENV: "\${WORD}"
      PASSED_ON:
    ports: ["127.0.0.1:\${WEB_PORT}:8000", "127.0.0.1::9000"]
    volumes: ["data:/data", "./web:/web:ro", "/scratch"]
    tmpfs: /run/web:size=1m
    networks:
      front: { aliases: [shop, store] }
      back: { ipv4_address: ${subnet}.7 }
    depends_on: { database: { condition: service_healthy } }
    x-lab: { role: other, probe: { http: / } }
  database:
    image: node:24-slim
    entrypoint: [docker-entrypoint.sh]
    command: node -e 'require("http").createServer((q, r) => r.end("two words")).listen(8000)'
    read_only: true
    stop_grace_period: 1s
    networks: [back]
    healthcheck:
      test: [CMD, node, -e, "fetch('http://127.0.0.1:8000').catch(() => process.exit(1))"]
      interval: 1s
      timeout: 3s
      retries: 30
      start_period: 1s
volumes:
  data: {}
networks:
  front: {}
  back: { internal: false, ipam: { config: [{ subnet: ${subnet}.0/24 }] } }
`;

interface Inspected {
  Config: Record<string, unknown> & { Labels: Record<string, string>; Env: string[] };
  HostConfig: Record<string, unknown> & { Binds: string[] };
  State: { Status: string; Health?: { Status: string } };
  Mounts: { Type: string; Destination: string; Name?: string; RW: boolean }[];
  NetworkSettings: { Networks: Record<string, { Aliases: string[]; IPAMConfig: unknown }> };
  Id: string;
}

/** What a project is, as docker shows it, without what differs between any two: ids, times, the project's name. */
function portrait(project: string): unknown {
  const plain = (text: string) => text.replaceAll(project, "PROJECT");
  const ids = docker("ps", "-aq", "--filter", `label=com.docker.compose.project=${project}`).split("\n");
  const containers = (JSON.parse(docker("inspect", ...ids)) as Inspected[]).map((each) => {
    const { Config, HostConfig, State, Mounts, NetworkSettings, Id } = each;
    const { Hostname, ...config } = Config;
    return {
      config: {
        ...config,
        Hostname: Id.startsWith(String(Hostname)) ? "its id" : Hostname,
        Env: [...Config.Env].sort(),
        Labels: labelsOf(Config.Labels),
      },
      host: { ...HostConfig, Binds: [...(HostConfig.Binds ?? [])].sort() },
      state: [State.Status, State.Health?.Status],
      mounts: Mounts.map(({ Type, Destination, Name, RW }) => ({
        Type,
        Destination,
        RW,
        name: Name?.includes(project) ? Name : "anonymous",
      })).sort((a, b) => (a.Destination < b.Destination ? -1 : 1)),
      networks: Object.entries(NetworkSettings.Networks)
        .map(([name, { Aliases, IPAMConfig }]) => ({
          name,
          aliases: Aliases.filter((alias) => !Id.startsWith(alias)).sort(),
          chosen: Object.values(IPAMConfig ?? {}),
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    };
  });
  const networks = inspectAll("network", project).map(
    ({ Name, Driver, Internal, Attachable, Labels, IPAM, Options }) => {
      // Which free range the engine gives to a network that asks for none is its own choice.
      const ranges = String(Name).endsWith("_back") ? IPAM : "any";
      return {
        Name,
        Driver,
        Internal,
        Attachable,
        Options,
        Labels: labelsOf(Labels as Record<string, string>),
        ranges,
      };
    },
  );
  const volumes = inspectAll("volume", project).map(({ Name, Driver, Labels }) => {
    return { Name, Driver, Labels: labelsOf(Labels as Record<string, string>) };
  });
  const bySelf = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  return JSON.parse(plain(JSON.stringify({ containers: containers.sort(bySelf), networks, volumes })));
}

function inspectAll(what: "network" | "volume", project: string): Record<string, unknown>[] {
  const names = docker(what, "ls", "-q", "--filter", `label=com.docker.compose.project=${project}`).split("\n");
  const found = JSON.parse(docker(what, "inspect", ...names)) as Record<string, unknown>[];
  return found.sort((a, b) => (String(a.Name) < String(b.Name) ? -1 : 1));
}

/** The version names who brought it up, and each has a hash of its own making; where compose was called is its affair. */
function labelsOf(labels: Record<string, string>): Record<string, string> {
  const said = { ...labels };
  if ("com.docker.compose.config-hash" in said) said["com.docker.compose.config-hash"] = "a hash";
  said["com.docker.compose.version"] = "a version";
  return Object.fromEntries(Object.entries(said).sort(([a], [b]) => (a < b ? -1 : 1)));
}

describeOnDocker("a project that the lab brings up", (engine) => {
  test("is the same as one that docker-compose brings up", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "compose.yaml");
    writeFileSync(file, FILE(ownSubnet()));
    writeFileSync(join(folder, ".env"), "WORD=from .env\nWEB_PORT=\n");
    const project = projectName();
    const environment = { ...process.env, PASSED_ON: "as here", WEB_PORT: "18999" };
    Object.assign(process.env, { PASSED_ON: "as here", WEB_PORT: "18999" });
    onTestFinished(() => {
      delete process.env.PASSED_ON;
      delete process.env.WEB_PORT;
    });
    try {
      compose(folder, project, "-f", file, "up", "-d");
      const byCompose = portrait(project);
      compose(folder, project, "-f", file, "down", "-v");
      const stack = loadStack(file, { ...environment, COMPOSE_PROJECT_NAME: project });
      await upOnDocker(engine, stack, { ports: "fixed" });
      expect(portrait(project)).toEqual(byCompose);
    } finally {
      compose(folder, project, "-f", file, "down", "-v");
    }
  });
});

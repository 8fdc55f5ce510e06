import { existsSync } from "node:fs";
import { join } from "node:path";
import Dockerode from "dockerode";
import { z } from "zod";
import { readWholeFile } from "../../documents/read-whole-file.ts";
import { DOCUMENT_LIMIT_BYTES } from "../../documents/yaml-document.ts";
import type { EngineAddress } from "../../journal/docker-location.ts";
import { LabError } from "../../lab-error.ts";
import { alternatives, explainNoEngine } from "./diagnosis.ts";
import { engineAddress, isRemote, socketOf } from "./engine-address.ts";

/** An engine that has answered and can do what the lab needs. */
export interface Engine {
  docker: Dockerode;
  address: EngineAddress;
  version: string;
  /** What a person should know of it: that it is remote, or rootless. */
  notes: readonly string[];
}

/** Docker 20.10. What is older lacks events and fields that faults are verified with. */
const OLDEST_API = [1, 41] as const;
const ANSWER_LIMIT_MS = 5_000;

/** A client for an engine; nothing is asked of it yet. */
export function openEngine(address: EngineAddress, answerLimitMs?: number): Dockerode {
  const limit = answerLimitMs === undefined ? {} : { timeout: answerLimitMs };
  const socketPath = socketOf(address);
  // The client would fill in what is not given from DOCKER_HOST, which may have changed since a stack was brought up.
  if (socketPath !== undefined) return new Dockerode({ socketPath, host: undefined, port: undefined, ...limit });
  const url = new URL(address.host);
  if (url.protocol === "ssh:") {
    return new Dockerode({
      protocol: "ssh",
      host: url.hostname,
      port: url.port || 22,
      username: url.username,
      sshOptions: { agent: process.env.SSH_AUTH_SOCK },
      ...limit,
    } as Dockerode.DockerOptions);
  }
  const tls = address.certificates === undefined ? {} : readCertificates(address.certificates);
  const isTls = url.protocol === "https:" || address.certificates !== undefined;
  const port = url.port || (isTls ? 2376 : 2375);
  return new Dockerode({ protocol: isTls ? "https" : "http", host: url.hostname, port, ...tls, ...limit });
}

/**
 * The engine that the environment names, asked who it is.
 * @throws LabError with the hint: no engine, no permission, not Docker, too old, or remote without consent
 */
export async function connectEngine(environment: NodeJS.ProcessEnv, allowRemote: boolean): Promise<Engine> {
  const address = engineAddress(environment);
  if (isRemote(address) && !allowRemote) {
    throw new LabError(
      "precondition",
      `the Docker engine is on another machine: ${address.host}, by ${address.namedBy}`,
      {
        hint: {
          terminal:
            "if you mean to break things there, add --allow-remote-docker; else unset DOCKER_HOST or change the context",
          window:
            "unset DOCKER_HOST or change the docker context, and start the lab again; a terminal can consent to it",
        },
      },
    );
  }
  return reachEngine(address, environment);
}

/**
 * The engine at an address, asked who it is.
 * @throws LabError with the hint: no engine, no permission, not Docker, or too old
 */
export async function reachEngine(address: EngineAddress, environment: NodeJS.ProcessEnv): Promise<Engine> {
  const impatient = openEngine(address, ANSWER_LIMIT_MS);
  const { version, info } = await Promise.all([impatient.version(), impatient.info()]).then(
    ([saidVersion, saidInfo]) => ({ version: engineVersion.safeParse(saidVersion), info: engineInfo.parse(saidInfo) }),
    (error: unknown) => {
      throw explainNoEngine(error, address, alternatives(environment).filter(existsSync));
    },
  );
  if (!version.success) {
    throw new LabError("unsupported", `what answers on ${address.host} is not a Docker engine`, {
      hint: "set DOCKER_HOST to the socket of one, such as unix:///var/run/docker.sock",
    });
  }
  assertUsable(version.data, address);
  return { docker: openEngine(address), address, version: version.data.Version, notes: notesOn(address, info) };
}

const engineVersion = z.looseObject({
  Version: z.string(),
  ApiVersion: z.string().regex(/^\d+\.\d+$/),
  Components: z.array(z.looseObject({ Name: z.string() })).nullish(),
});
const engineInfo = z
  .looseObject({
    SecurityOptions: z.array(z.string()).nullish().catch(null),
    CgroupVersion: z.string().nullish().catch(null),
  })
  .catch({});

function assertUsable(
  { Version, ApiVersion, Components }: z.output<typeof engineVersion>,
  { host }: EngineAddress,
): void {
  if (Components?.some(({ Name }) => /podman/i.test(Name))) {
    throw new LabError(
      "unsupported",
      `${host} is Podman's socket (Podman ${Version}), whose events differ from Docker's`,
      {
        hint: {
          terminal: "point DOCKER_HOST at a Docker engine, or run without Docker (--driver process)",
          window: "point DOCKER_HOST at a Docker engine, or open a stack on processes on the Stacks page",
        },
      },
    );
  }
  const [major = 0, minor = 0] = ApiVersion.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_API;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new LabError("unsupported", `the Docker engine on ${host} is too old: ${Version} (API ${ApiVersion})`, {
    hint: {
      terminal: `update it to 20.10 or newer (API ${OLDEST_API.join(".")}), or run without Docker (--driver process)`,
      window: `update it to 20.10 or newer (API ${OLDEST_API.join(".")}), or open a stack on processes on the Stacks page`,
    },
  });
}

function notesOn(address: EngineAddress, info: z.output<typeof engineInfo>): string[] {
  const remote = isRemote(address) ? [`REMOTE Docker engine: ${address.host} (by ${address.namedBy})`] : [];
  const isRootless = info.SecurityOptions?.some((option) => option.includes("rootless")) ?? false;
  if (!isRootless) return remote;
  const pause = info.CgroupVersion === "1" ? "; it cannot pause containers, which needs cgroup v2" : "";
  return [...remote, `rootless Docker engine${pause}`];
}

function readCertificates(folder: string): { ca: Buffer; cert: Buffer; key: Buffer } {
  const read = (name: string): Buffer => {
    try {
      return readWholeFile(join(folder, name), DOCUMENT_LIMIT_BYTES);
    } catch (error) {
      throw new LabError("bad-input", `the certificate ${join(folder, name)} cannot be read`, {
        hint: "DOCKER_CERT_PATH names the folder of ca.pem, cert.pem and key.pem",
        cause: error,
      });
    }
  };
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
}

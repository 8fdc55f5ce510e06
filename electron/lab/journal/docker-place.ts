/** Which engine is meant, chosen as the docker command line chooses it. Kept with a stack, so that it is found again. */
export interface EngineAddress {
  /** `unix:///path`, `npipe:////./pipe/name`, `tcp://host:port` or `ssh://user@host`. */
  host: string;
  /** What named it, for a person: `DOCKER_HOST`, `context colima`, or `default`. */
  namedBy: string;
  /** The folder of ca.pem, cert.pem and key.pem for an engine that asks for TLS. */
  certificates?: string;
}

/** Where a stack of containers is, and what bringing it up made there: only that is ever removed. */
export interface DockerPlace {
  engine: EngineAddress;
  networks: string[];
  volumes: string[];
}

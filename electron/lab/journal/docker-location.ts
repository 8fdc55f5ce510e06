/** A Docker engine, chosen as the docker command line chooses it. Stored with a stack. */
export interface EngineAddress {
  /** `unix:///path`, `npipe:////./pipe/name`, `tcp://host:port` or `ssh://user@host`. */
  host: string;
  /** Source of the choice: `DOCKER_HOST`, `context colima`, or `default`. */
  namedBy: string;
  /** The folder of ca.pem, cert.pem and key.pem for an engine that asks for TLS. */
  certificates?: string;
}

/** The engine of a stack of containers, and the networks and volumes the lab created there: only those are removed. */
export interface DockerLocation {
  engine: EngineAddress;
  networks: string[];
  volumes: string[];
}

import { LabError } from "../lab-error.ts";
import type { Service } from "./stack-file.ts";

/** Why the lab cannot reach a service that publishes no port. */
export function unpublished(service: string): LabError {
  return new LabError("bad-input", `${service} publishes no port, so the lab cannot reach it`, {
    hint: `say in its x-lab at which port it answers (port: 8080), or publish it ("127.0.0.1:18080:8080"), or probe its container alone (probe: {container: true})`,
  });
}

/** Whether nothing says at which port a service answers that is asked there for its health. */
export function hasUnknownPort({ port, insidePort, probe }: Pick<Service, "port" | "insidePort" | "probe">): boolean {
  return port === undefined && insidePort === undefined && !("container" in probe);
}

export function unknownPort(service: string): LabError {
  return new LabError("bad-input", `it is not known at which port ${service} answers`, {
    hint: `set its port under Services and links, or services.${service}.x-lab.port in resilience-lab.yaml; or probe its container alone (probe: {container: true})`,
  });
}

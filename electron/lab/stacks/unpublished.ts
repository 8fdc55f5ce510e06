import { LabError } from "../lab-error.ts";

/** Why the lab cannot reach a service that publishes no port. */
export function unpublished(service: string): LabError {
  return new LabError("bad-input", `${service} publishes no port, so the lab cannot reach it`, {
    hint: `add a port to ${service} in the stack file, such as "127.0.0.1:18080:8080", or take its x-lab away`,
  });
}

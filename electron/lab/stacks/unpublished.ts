import { LabError } from "../lab-error.ts";

/** Why the lab cannot reach a service that publishes no port. */
export function unpublished(service: string): LabError {
  return new LabError("bad-input", `${service} publishes no port, so the lab cannot reach it`, {
    hint: `say in its x-lab at which port it answers (port: 8080), or publish it ("127.0.0.1:18080:8080"), or probe its container alone (probe: {container: true})`,
  });
}

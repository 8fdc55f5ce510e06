/** Calls fail at once while the backend's circuit is open, and count for its failure rate. */
import type { Upstream } from "../upstream.ts";
import { around } from "./around.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";

export function breakCircuit(next: Upstream, circuit: CircuitBreaker): Upstream {
  return around(next, (method, params, options) =>
    circuit.execute("call", () => next.request(method, params, options)),
  );
}

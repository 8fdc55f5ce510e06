/** Those of a worker, the lease shortened so that a simulation with many deaths takes minutes. */
export const SIMULATED_TIMES = { leaseMs: 5_000, heartbeatMs: 1_000, pollMs: 1_000 } as const;

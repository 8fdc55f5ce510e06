/** By the name of the input: what the SDK does, what the gateway does, and why the gateway does not do the same. */
export type Differences = Readonly<Record<string, { sdk: string; gateway: string; why: string }>>;

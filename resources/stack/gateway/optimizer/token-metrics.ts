/** What a search saves a model: the tokens of all tools of the session against those of the tools found. */
export interface TokenMetrics {
  baseline_tokens: number;
  returned_tokens: number;
  /** From 0 to 100. */
  savings_percent: number;
}

/** A token is taken for four bytes of a tool's JSON, rounded down for each tool. */
export function tokenMetrics(all: readonly unknown[], returned: readonly unknown[]): TokenMetrics {
  const tokensOf = (tools: readonly unknown[]) =>
    tools.reduce<number>((sum, tool) => sum + Math.floor(Buffer.byteLength(JSON.stringify(tool)) / 4), 0);
  const baseline = tokensOf(all);
  const found = tokensOf(returned);
  const savings = baseline === 0 ? 0 : ((baseline - found) / baseline) * 100;
  return { baseline_tokens: baseline, returned_tokens: found, savings_percent: savings };
}

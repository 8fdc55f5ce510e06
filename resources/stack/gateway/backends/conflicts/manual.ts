import type { ConflictStrategy } from "./conflict-strategy.ts";

/** Tools keep their names but for those in `names`, by `backend.tool`. What still collides is offered by none. */
export function manualStrategy(names: ReadonlyMap<string, string>): ConflictStrategy {
  return (offers) => {
    const all = offers.flatMap(({ backend, tools }) =>
      tools.map((tool) => ({ name: names.get(`${backend}.${tool.name}`) ?? tool.name, backend, tool })),
    );
    const claims = [...Map.groupBy(all, ({ name }) => name)];
    const isContested = ([, claimants]: (typeof claims)[number]) =>
      new Set(claimants.map(({ backend }) => backend)).size > 1;
    const conflicts = claims.filter(isContested).map(([name, claimants]) => {
      const owners = claimants.map(({ backend }) => backend).join(" and ");
      return `tool ${name} is offered by ${owners}: give one of them another name in TOOL_NAMES`;
    });
    return { tools: claims.filter((claim) => !isContested(claim)).flatMap(([, [first]]) => first ?? []), conflicts };
  };
}

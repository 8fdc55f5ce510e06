import { type ConflictStrategy, keepFirst } from "./conflict-strategy.ts";

/** Every tool has its backend's name in front, whether or not there is a conflict. `format`: such as `{backend}_`. */
export function prefixStrategy(format: string): ConflictStrategy {
  return (offers) =>
    keepFirst(
      offers.flatMap(({ backend, tools }) =>
        tools.map((tool) => ({ name: format.replaceAll("{backend}", backend) + tool.name, backend, tool })),
      ),
    );
}

import { type ConflictStrategy, keepFirst, namedAsListed, type OfferedTool } from "./conflict-strategy.ts";

/**
 * Tools keep their names. Of several with one name the one of the backend that stands first in `order` is kept; if none of
 * their backends stands there, each has its backend's name in front.
 */
export function priorityStrategy(order: readonly string[]): ConflictStrategy {
  const rankOf = ({ backend }: OfferedTool): number => {
    const rank = order.indexOf(backend);
    return rank < 0 ? order.length : rank;
  };
  return (offers) => {
    const claims = Map.groupBy(offers.flatMap(namedAsListed), ({ name }) => name);
    return keepFirst(
      [...claims.values()].flatMap((claimants) => {
        const isContested = new Set(claimants.map(({ backend }) => backend)).size > 1;
        if (isContested && claimants.every((each) => rankOf(each) === order.length)) {
          return claimants.map((each) => ({ ...each, name: `${each.backend}_${each.name}` }));
        }
        return claimants.toSorted((one, other) => rankOf(one) - rankOf(other));
      }),
    );
  };
}

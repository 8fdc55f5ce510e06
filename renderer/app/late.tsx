import { type ComponentType, useEffect, useState } from "react";
import { fetchPart } from "./fetch-part.ts";

/**
 * A component whose code is fetched when it is first shown, and in whose place `Meanwhile` or nothing is until then. React's own
 * `lazy` would keep the empty place for 300 ms at least, so that a fallback never flashes; there is none here.
 */
export function late<Props extends object>(
  name: string,
  load: () => Promise<{ default: ComponentType<Props> }>,
  Meanwhile?: ComponentType<Props>,
) {
  let Known: ComponentType<Props> | undefined;
  return function Late(props: Props) {
    const [Loaded, setLoaded] = useState(() => Known);
    const [failure, setFailure] = useState<{ cause: unknown }>();
    useEffect(() => {
      if (Known !== undefined) return;
      fetchPart(name, load).then(
        (module) => {
          Known = module.default;
          setLoaded(() => Known);
        },
        (cause) => setFailure({ cause }),
      );
    }, []);
    if (failure !== undefined) throw failure.cause;
    const Shown = Loaded ?? Meanwhile;
    return Shown === undefined ? null : <Shown {...props} />;
  };
}

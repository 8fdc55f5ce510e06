import { useLab } from "../state/lab-context.tsx";
import { placeOf } from "../state/place-of-stack.ts";
import { formatRoute } from "../state/route.ts";
import classes from "./shell.module.css";

/** The stack that is open, on every page: what is broken and run there is this one's. */
export function OpenStackLink() {
  const stack = useLab((state) => state.lab?.stack);
  if (stack === undefined) return null;
  const { name, title } = placeOf(stack);
  return (
    <a
      className={classes.stack}
      href={formatRoute({ at: "stacks" })}
      aria-label={`Open stack: ${stack.project}, ${name}`}
      title={`${stack.project} · ${name}. ${title}. Open another stack`}
    >
      {stack.project} · {name}
    </a>
  );
}

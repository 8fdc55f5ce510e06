import { Fragment } from "react";
import classes from "./argument-list.module.css";
import { argumentsOf } from "./arguments-of.ts";

const LIMIT = 8_000;

/** A call's arguments, as text and never as markup. */
export function ArgumentList({ value, label }: { value: unknown; label: string }) {
  const list = argumentsOf(value);
  if (list.length === 0) return <p className={classes.none}>No arguments.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable content must be reachable by keyboard
    <section className={classes.frame} tabIndex={0} aria-label={label}>
      <dl className={classes.list}>
        {list.map(({ name, text }) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>
              {text.slice(0, LIMIT)}
              {text.length > LIMIT && <em> and {(text.length - LIMIT).toLocaleString()} more characters</em>}
            </dd>
          </Fragment>
        ))}
      </dl>
    </section>
  );
}

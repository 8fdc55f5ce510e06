import { Fragment } from "react";
import classes from "./argument-list.module.css";
import { argumentsOf } from "./visible-text.ts";

const LIMIT = 8_000;

/** What a call would be made with, as text and never as markup. */
export function ArgumentList({ value, label }: { value: unknown; label: string }) {
  const list = argumentsOf(value);
  if (list.length === 0) return <p className={classes.none}>Called without arguments.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes.frame} tabIndex={0} aria-label={label}>
      <dl className={classes.list}>
        {list.map(({ name, text }) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>
              {text.slice(0, LIMIT)}
              {text.length > LIMIT && <em> and {(text.length - LIMIT).toLocaleString()} characters more</em>}
            </dd>
          </Fragment>
        ))}
      </dl>
    </section>
  );
}

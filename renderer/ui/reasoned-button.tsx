import { Button, type ButtonProps, Tooltip } from "@mantine/core";
import { type MouseEvent, type ReactNode, useId, useRef } from "react";
import classes from "./reasoned-button.module.css";

interface ReasonedButtonProps extends ButtonProps {
  children: ReactNode;
  onClick?: ((event: MouseEvent<HTMLButtonElement>) => void) | undefined;
  /** Why it cannot be used now. It stays reachable, so that the reason is too: by pointer, by focus and by voice. */
  disabledBecause?: string | undefined;
  /** What it does, where the words on it do not say it all. */
  hint?: string | undefined;
  "aria-label"?: string;
  "data-testid"?: string;
}

export function ReasonedButton({ disabledBecause, hint, onClick, children, ...rest }: ReasonedButtonProps) {
  const id = useId();
  const isDisabled = disabledBecause !== undefined;
  const clicks = useRef(0);
  const button = (
    <Button
      {...rest}
      {...(isDisabled ? { "data-disabled": true, "aria-disabled": true, "aria-describedby": id } : {})}
      onClick={(event: MouseEvent<HTMLButtonElement>) => {
        // A double click does what one click does. It is none when its first was on another button in this place.
        const isRepeated = event.detail > 1 && event.detail === clicks.current + 1;
        clicks.current = event.detail;
        if (isDisabled || isRepeated) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {children}
    </Button>
  );
  const words = disabledBecause ?? hint;
  // Built the same with and without words: otherwise a button whose reason comes or goes would lose the focus.
  return (
    <>
      <Tooltip label={words} disabled={words === undefined}>
        {button}
      </Tooltip>
      {isDisabled && (
        <span id={id} className={classes.reason}>
          {disabledBecause}
        </span>
      )}
    </>
  );
}

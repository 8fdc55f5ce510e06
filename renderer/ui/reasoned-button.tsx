import { Button, type ButtonProps } from "@mantine/core";
import { type MouseEvent, type ReactNode, useId, useRef } from "react";
import { Hint } from "./hint.tsx";
import unseen from "./unseen.module.css";

interface ReasonedButtonProps extends ButtonProps {
  children: ReactNode;
  onClick?: ((event: MouseEvent<HTMLButtonElement>) => void) | undefined;
  /** Why it is disabled. It stays focusable, so that the reason is available by pointer, focus and screen reader. */
  disabledBecause?: string | undefined;
  /** What it does, if the label is not enough. */
  hint?: string | undefined;
  /** `submit` where it ends a form. */
  type?: "submit";
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
        // A double click acts once. It is not one if its first click was on another button at this position.
        const isRepeated = event.detail > 1 && event.detail === clicks.current + 1;
        clicks.current = event.detail;
        if (isDisabled || isRepeated) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {children}
    </Button>
  );
  const tooltip = disabledBecause ?? hint;
  // The same elements with and without a tooltip: otherwise a button whose reason changes would lose the focus.
  return (
    <>
      <Hint label={tooltip}>{button}</Hint>
      {isDisabled && (
        <span id={id} className={unseen.unseen}>
          {disabledBecause}
        </span>
      )}
    </>
  );
}

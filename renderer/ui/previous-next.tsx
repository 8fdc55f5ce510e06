import { ActionIcon } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { Hint } from "./hint.tsx";

interface PreviousNextProps {
  /** "failure or refusal": the names of the buttons end with it. */
  what: string;
  /** The keys that do the same, where there are some. */
  keys?: readonly [previous: string, next: string];
  onGo: (direction: 1 | -1) => void;
}

/** Goes from one of several to the one before or after it. */
export function PreviousNext({ what, keys, onGo }: PreviousNextProps) {
  const sides = [
    { word: "Previous", key: keys?.[0], direction: -1, Icon: IconChevronLeft },
    { word: "Next", key: keys?.[1], direction: 1, Icon: IconChevronRight },
  ] as const;
  return sides.map(({ word, key, direction, Icon }) => (
    <Hint key={word} label={key === undefined ? undefined : `${word} (${key})`}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={`${word} ${what}`}
        onClick={() => onGo(direction)}
      >
        <Icon size={15} aria-hidden />
      </ActionIcon>
    </Hint>
  ));
}

import { Button } from "@mantine/core";
import { remedyOf } from "./remedy.ts";
import { formatRoute } from "./route.ts";

/** Opens the page on which a hint is carried out. */
export function RemedyLink({ hint }: { hint: string | null }) {
  const remedy = remedyOf(hint);
  if (remedy === undefined) return null;
  return (
    <Button component="a" variant="default" href={formatRoute(remedy.route)}>
      {remedy.label}
    </Button>
  );
}

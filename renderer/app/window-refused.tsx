import { IconKey } from "@tabler/icons-react";
import { useLab } from "../state/lab-context.tsx";
import { Empty } from "../ui/states.tsx";

/** Replaces every page in a window that the lab has refused: the reason and the next step. */
export default function WindowRefused() {
  const connection = useLab((state) => state.connection);
  if (connection.is !== "refused") return null;
  return (
    <Empty title="This window is not connected to the lab" icon={<IconKey size={28} aria-hidden />}>
      <p>{sentence(connection.message)}</p>
      <p>{sentence(connection.hint)}</p>
    </Empty>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

import { useState } from "react";
import { createRoot } from "react-dom/client";

/** The least that React shows and that answers a person: what the lab's page is measured against. */
function Bare() {
  const [count, setCount] = useState(0);
  return (
    <button type="button" onClick={() => setCount(count + 1)}>
      Pressed {count} times
    </button>
  );
}

const root = document.getElementById("root");
if (root !== null) createRoot(root).render(<Bare />);

import { useState } from "react";
import { createRoot } from "react-dom/client";

/** The smallest interactive React page: the baseline for the lab's page. */
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

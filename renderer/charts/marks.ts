/** Shapes that tell series apart without their colours. */
const SHAPES = ["circle", "square", "triangle", "diamond"] as const;
type Shape = (typeof SHAPES)[number];

export function shapeOf(series: number): Shape {
  return SHAPES[series % SHAPES.length] ?? "circle";
}

/** Adds a filled mark around a point to a path; sizes in the canvas's pixels. */
export function addMark(path: Path2D, shape: Shape, x: number, y: number, radius: number): void {
  if (shape === "circle") {
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  const corners = CORNERS[shape];
  for (const [at, [dx, dy]] of corners.entries()) {
    if (at === 0) path.moveTo(x + dx * radius, y + dy * radius);
    else path.lineTo(x + dx * radius, y + dy * radius);
  }
  path.closePath();
}

const CORNERS: Record<Exclude<Shape, "circle">, readonly (readonly [number, number])[]> = {
  square: [
    [-0.9, -0.9],
    [0.9, -0.9],
    [0.9, 0.9],
    [-0.9, 0.9],
  ],
  triangle: [
    [0, -1.15],
    [1.1, 0.85],
    [-1.1, 0.85],
  ],
  diamond: [
    [0, -1.25],
    [1.25, 0],
    [0, 1.25],
    [-1.25, 0],
  ],
};

/** The mark of a failed call: a cross over its own. */
export function addCross(path: Path2D, x: number, y: number, radius: number): void {
  path.moveTo(x - radius, y - radius);
  path.lineTo(x + radius, y + radius);
  path.moveTo(x + radius, y - radius);
  path.lineTo(x - radius, y + radius);
}

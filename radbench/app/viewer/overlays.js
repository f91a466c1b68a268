// Boxes and points of each author over an image: told apart by dash as well as by colour.

const STROKES = [
  { colour: "#ffd54a", dash: [] },
  { colour: "#7fd4ff", dash: [8, 5] },
  { colour: "#ff9ecb", dash: [2, 4] },
  { colour: "#9df09d", dash: [10, 4, 2, 4] },
  { colour: "#ffffff", dash: [14, 6] },
]; // of authors in their order

// The pixel (x, y) of the file lies at (left + x * sx, top + y * sy) of a canvas so many pixels across.
function drawOverlays(context, overlays, { left, top, sx, sy, across }) {
  context.font = "600 13px sans-serif";
  overlays.forEach(({ author, boxes, points }, i) => {
    const { colour, dash } = STROKES[i % STROKES.length];
    const shapes = boxes.map((box) => ({ x: left + box.x0 * sx, y: top + box.y0 * sy, w: (box.x1 - box.x0) * sx, h: (box.y1 - box.y0) * sy }));
    shapes.push(...points.map(([x, y]) => ({ x: left + x * sx - 6, y: top + y * sy - 6, w: 12, h: 12 })));
    for (const { x, y, w, h } of shapes) {
      for (const [line, style, pattern] of [[4, "rgba(0, 0, 0, 0.75)", []], [2, colour, dash]]) {
        context.lineWidth = line;
        context.strokeStyle = style;
        context.setLineDash(pattern);
        context.strokeRect(x, y, w, h);
      }
      context.setLineDash([]);
      context.lineWidth = 3;
      context.strokeStyle = "#000";
      const at = i % 2 ? y + h + 14 : y - 5; // so that names of two authors do not lie on each other
      const from = Math.max(2, Math.min(x, across - context.measureText(author).width - 4));
      context.strokeText(author, from, at);
      context.fillStyle = colour;
      context.fillText(author, from, at);
    }
  });
}

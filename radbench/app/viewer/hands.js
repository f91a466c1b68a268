// What keyboard, mouse, touch and the controls below an image do to its viewer.

class Hands {
  constructor(viewer) {
    this.viewer = viewer;
    this.pointers = new Map(); // those that are down, by their ids: where each was last
    this.closing = new AbortController();
    const { root, canvas } = viewer;
    const on = (target, kind, act, more = {}) =>
      target.addEventListener(kind, (event) => viewer.head && act(event), { signal: this.closing.signal, ...more });
    on(viewer.control("slice"), "input", (event) => viewer.go(Number(event.target.value)));
    on(viewer.control("centre"), "input", (event) => viewer.setWindow(Number(event.target.value), viewer.span));
    on(viewer.control("width"), "input", (event) => viewer.setWindow(viewer.centre, Number(event.target.value)));
    on(viewer.control("preset"), "change", (event) => viewer.usePreset(event.target.value));
    on(viewer.control("heat"), "change", (event) => viewer.setHeat(Number(event.target.value), viewer.opacity));
    on(viewer.control("opacity"), "input", (event) => viewer.setHeat(viewer.which || viewer.lastWhich, Number(event.target.value)));
    on(root, "click", (event) => this.act(event.target.dataset?.action));
    on(canvas, "keydown", (event) => this.key(event));
    on(canvas, "wheel", (event) => this.wheel(event), { passive: false });
    on(canvas, "dblclick", () => viewer.reset());
    on(canvas, "contextmenu", (event) => event.preventDefault());
    on(canvas, "pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    });
    on(canvas, "pointermove", (event) => this.drag(event));
    for (const kind of ["pointerup", "pointercancel"]) on(canvas, kind, (event) => this.pointers.delete(event.pointerId));
  }

  close() {
    this.closing.abort();
  }

  act(action) {
    const { viewer } = this;
    if (action === "in") viewer.zoomBy(1.25);
    if (action === "out") viewer.zoomBy(0.8);
    if (action === "reset") viewer.reset();
    if (action === "boxes") viewer.toggleBoxes();
  }

  key(event) {
    const { viewer } = this;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = viewer.span / 20;
    const acts = {
      ArrowUp: () => viewer.go(viewer.place + 1),
      ArrowDown: () => viewer.go(viewer.place - 1),
      PageUp: () => viewer.go(viewer.place + 5),
      PageDown: () => viewer.go(viewer.place - 5),
      "+": () => viewer.zoomBy(1.25),
      "=": () => viewer.zoomBy(1.25),
      "-": () => viewer.zoomBy(0.8),
      w: () => viewer.move(0, 20),
      s: () => viewer.move(0, -20),
      a: () => viewer.move(20, 0),
      d: () => viewer.move(-20, 0),
      "[": () => viewer.setWindow(viewer.centre, viewer.span * 0.9),
      "]": () => viewer.setWindow(viewer.centre, viewer.span / 0.9),
      ",": () => viewer.setWindow(viewer.centre - step, viewer.span),
      ".": () => viewer.setWindow(viewer.centre + step, viewer.span),
      0: () => viewer.reset(),
      b: () => viewer.toggleBoxes(),
      h: () => viewer.setHeat(viewer.which ? 0 : viewer.lastWhich, viewer.opacity),
      j: () => viewer.setHeat(viewer.which || viewer.lastWhich, viewer.opacity - 0.1),
      k: () => viewer.setHeat(viewer.which || viewer.lastWhich, viewer.opacity + 0.1),
    };
    const act = acts[event.key] ?? (/^[1-9]$/.test(event.key) ? () => viewer.usePreset(Object.keys(viewer.head.presets)[event.key - 1]) : null);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation(); // the page has keys of its own
    act();
  }

  wheel(event) {
    const { viewer } = this;
    event.preventDefault();
    const up = event.deltaY < 0;
    if (viewer.head.shape[0] > 1 && !event.ctrlKey) {
      viewer.go(viewer.place + (up ? 1 : -1));
    } else {
      const box = viewer.canvas.getBoundingClientRect();
      viewer.zoomBy(up ? 1.1 : 1 / 1.1, event.clientX - box.left, event.clientY - box.top);
    }
  }

  drag(event) {
    const { viewer } = this;
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    if (this.pointers.size === 2) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
      const far = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]);
      const box = viewer.canvas.getBoundingClientRect();
      if (far(before) > 0) viewer.zoomBy(far(now) / far(before), (now[0] + other[0]) / 2 - box.left, (now[1] + other[1]) / 2 - box.top);
    } else if (event.shiftKey || event.buttons === 2 || viewer.control("drag").value === "window") {
      viewer.setWindow(viewer.centre - (dy * viewer.span) / 200, viewer.span * Math.exp(dx / 200));
    } else {
      viewer.move(dx, dy);
    }
    this.pointers.set(event.pointerId, now);
  }
}

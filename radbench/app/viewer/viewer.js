// One viewer a mounted component. All data come as one array of bytes (see pictures.packed); texts reach the page as text alone.

const REPORT_MS = 400; // after the last change of slice or window, before the page is told
const MOST_ZOOM = 32;

export default function (component) {
  const { parentElement, data, setStateValue } = component;
  const root = parentElement.querySelector(".rb-viewer");
  root.viewer ??= new Viewer(root);
  root.viewer.tell = (view) => setStateValue("view", view);
  root.viewer.show(data);
  return () => {
    root.viewer?.close();
    root.viewer = null;
  };
}

class Viewer {
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector(".rb-canvas");
    this.context = this.canvas.getContext("2d");
    this.plane = document.createElement("canvas");
    this.tell = () => {};
    this.hands = new Hands(this);
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(this.canvas);
  }

  close() {
    this.hands.close();
    this.resizing.disconnect();
    clearTimeout(this.telling);
    this.loading = null;
  }

  control(name) {
    return this.root.querySelector(`[data-control="${name}"]`);
  }

  // The picture in these bytes; the same one again changes nothing.
  async show(bytes) {
    const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
    if (this.loading === head.id) return;
    this.loading = head.id;
    try {
      const stream = new Blob([bytes.subarray(4 + length)]).stream().pipeThrough(new DecompressionStream("deflate"));
      const pixels = new Uint8Array(await new Response(stream).arrayBuffer());
      if (this.loading !== head.id) return;
      this.head = head;
      const weights = head.heats.reduce((sum, { shape: [n, rows, columns] }) => sum + n * rows * columns, 0);
      this.pixels = pixels.subarray(0, pixels.length - weights);
      this.heats = new HeatMaps(head.heats, head.colours, pixels.subarray(pixels.length - weights));
      this.open();
    } catch (error) {
      const fault = this.root.querySelector(".rb-fault");
      fault.textContent = `This browser cannot show the image (${error.name}). The switch "Plain image" does without its help.`;
      fault.hidden = false;
    }
  }

  open() {
    const { head } = this;
    const [n, height, width] = head.shape;
    this.plane.width = width;
    this.plane.height = height;
    const [place, centre, span, opacity, which] = head.view;
    this.place = this.nearest(place ?? head.places[n >> 1]);
    this.centre = centre ?? head.window[0];
    this.span = span > 0 ? span : head.window[1];
    this.withBoxes = true;
    this.opacity = Math.min(Math.max(opacity ?? head.opacity, 0), 1);
    this.which = Math.min(Math.max(Math.floor(which ?? 1), 0), head.heats.length);
    this.lastWhich = this.which || 1;
    this.fit();
    const isGrey = head.kind !== "rgb";
    this.root.querySelectorAll(".rb-grey, .rb-grey-option").forEach((part) => { part.hidden = !isGrey; });
    this.root.querySelector(".rb-slice").hidden = n < 2;
    this.root.querySelector('[data-action="boxes"]').hidden = !head.overlays.length;
    this.root.querySelector(".rb-heat").hidden = !head.heats.length;
    this.control("heat").replaceChildren(...["none", ...head.heats.map(({ author }) => author)].map((name, i) => new Option(name, i)));
    this.root.querySelector(".rb-scale").style.background = `linear-gradient(to right, ${head.colours.join(", ")})`;
    this.control("slice").max = n - 1;
    if (isGrey) this.setRanges();
    this.canvas.setAttribute("aria-label", head.alt);
    this.canvas.style.aspectRatio = `${width} / ${height * head.aspect}`;
    this.paint();
    this.root.dataset.ready = head.id;
  }

  setRanges() {
    const { head } = this;
    const [low, high] = this.range();
    const reach = Math.max(high - low, head.window[1], head.scale);
    const centre = this.control("centre");
    centre.min = Math.min(low, head.window[0]);
    centre.max = Math.max(high, head.window[0]);
    const width = this.control("width");
    width.min = reach / 500;
    width.max = reach * 1.5;
    const preset = this.control("preset");
    preset.replaceChildren(...["custom", ...Object.keys(head.presets)].map((name) => new Option(name, name)));
  }

  range() {
    const [centre, width] = this.head.presets["Full range"];
    return [centre - width / 2, centre + width / 2];
  }

  nearest(place) {
    const far = this.head.places.map((own) => Math.abs(own - place));
    return far.indexOf(Math.min(...far));
  }

  fit() {
    this.zoom = 1;
    this.x = 0;
    this.y = 0;
  }

  reset() {
    this.fit();
    [this.centre, this.span] = this.head.window;
    this.paint();
    this.report();
  }

  go(to) {
    const next = Math.min(Math.max(to, 0), this.head.shape[0] - 1);
    if (next === this.place) return;
    this.place = next;
    this.paint();
    this.report();
  }

  setWindow(centre, span) {
    if (this.head.kind === "rgb") return;
    const [low, high] = this.range();
    const reach = Math.max(high - low, this.head.window[1]);
    this.centre = Math.min(Math.max(centre, low - reach), high + reach);
    this.span = Math.min(Math.max(span, this.head.scale, reach / 500), reach * 3);
    this.paint();
    this.report();
  }

  // Heat map `which` (from 1; 0: none), this opaque.
  setHeat(which, opacity) {
    if (!this.head.heats.length) return;
    this.which = which;
    this.lastWhich = which || this.lastWhich;
    this.opacity = Math.min(Math.max(opacity, 0), 1);
    this.draw();
    this.report();
  }

  zoomBy(factor, x, y) {
    const box = this.canvas.getBoundingClientRect();
    const atX = (x ?? box.width / 2) - box.width / 2 - this.x;
    const atY = (y ?? box.height / 2) - box.height / 2 - this.y;
    const next = Math.min(Math.max(this.zoom * factor, 0.5), MOST_ZOOM);
    const by = next / this.zoom;
    this.x -= atX * (by - 1);
    this.y -= atY * (by - 1);
    this.zoom = next;
    this.draw();
  }

  move(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.draw();
  }

  report() {
    clearTimeout(this.telling);
    const heat = this.head.heats.length ? [this.opacity, this.which] : [];
    this.telling = setTimeout(() => this.tell([this.head.places[this.place], this.centre, this.span, ...heat]), REPORT_MS);
  }

  // The slice under its window, pixel for pixel.
  paint() {
    const { head, pixels } = this;
    const [n, height, width] = head.shape;
    const size = height * width;
    const start = this.place * size;
    const image = new ImageData(width, height);
    const out = new Uint32Array(image.data.buffer);
    const opaque = 0xff000000;
    if (head.kind === "rgb") {
      for (let i = 0, at = start * 3; i < size; i += 1, at += 3) {
        out[i] = opaque | (pixels[at + 2] << 16) | (pixels[at + 1] << 8) | pixels[at];
      }
    } else {
      const isWide = head.kind === "wide";
      const table = this.table(isWide ? 65536 : 256);
      const lows = isWide ? n * size : 0;
      for (let i = 0; i < size; i += 1) {
        const stored = isWide ? (pixels[start + i] << 8) | pixels[lows + start + i] : pixels[start + i];
        out[i] = table[stored];
      }
    }
    this.plane.getContext("2d").putImageData(image, 0, 0);
    this.draw();
  }

  // Stored value -> grey, as radbench.media.window has it.
  table(length) {
    const { scale, offset } = this.head;
    const table = new Uint32Array(length);
    for (let stored = 0; stored < length; stored += 1) {
      const grey = ((stored * scale + offset - this.centre + this.span / 2) * 255) / this.span + 0.5;
      const shown = Math.min(Math.max(Math.floor(grey), 0), 255);
      table[stored] = 0xff000000 | (shown << 16) | (shown << 8) | shown;
    }
    return table;
  }

  draw() {
    if (!this.head) return;
    const { canvas, context, head } = this;
    const ratio = window.devicePixelRatio || 1;
    const [, height, width] = head.shape;
    const across = canvas.clientWidth;
    const down = canvas.clientHeight;
    if (!across || !down) return;
    if (canvas.width !== Math.round(across * ratio) || canvas.height !== Math.round(down * ratio)) {
      canvas.width = Math.round(across * ratio);
      canvas.height = Math.round(down * ratio);
    }
    const fitted = Math.min(across / width, down / (height * head.aspect));
    const sx = fitted * this.zoom;
    const sy = sx * head.aspect;
    const left = across / 2 + this.x - (width * sx) / 2;
    const top = down / 2 + this.y - (height * sy) / 2;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, across, down);
    context.imageSmoothingEnabled = sx < 3;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.plane, left, top, width * sx, height * sy);
    if (this.which) {
      context.imageSmoothingEnabled = true;
      context.globalAlpha = this.opacity;
      context.drawImage(this.heats.plane(this.which - 1, head.places[this.place], head.depth), left, top, width * sx, height * sy);
      context.globalAlpha = 1;
    }
    if (this.withBoxes) drawOverlays(context, head.overlays, { left, top, sx: (width * sx) / head.sizePx[0], sy: (height * sy) / head.sizePx[1], across });
    this.say();
  }

  // State for people (status line), for controls, and for tests (data attributes).
  say() {
    const { head, canvas } = this;
    const number = (value) => Number(value.toPrecision(4)).toString();
    const isGrey = head.kind !== "rgb";
    const unit = head.unit === "HU" ? " HU" : "";
    const parts = [];
    if (head.isVolume) parts.push(`slice ${head.places[this.place] + 1} of ${head.depth}`);
    parts.push(`zoom ${Math.round(this.zoom * 100)} %`);
    if (isGrey) parts.push(`centre ${number(this.centre)}${unit}, width ${number(this.span)}${unit}`);
    if (this.which) parts.push(`heat map of ${head.heats[this.which - 1].author} at ${Math.round(this.opacity * 100)} %`);
    const text = parts.join(" · ");
    const status = this.root.querySelector(".rb-status");
    if (status.textContent !== text) status.textContent = text;
    Object.assign(canvas.dataset, { slice: head.places[this.place], zoom: this.zoom, centre: this.centre, width: this.span, x: this.x, y: this.y, heat: this.which, opacity: this.opacity });
    this.control("heat").value = this.which;
    this.control("opacity").value = this.opacity;
    const slice = this.control("slice");
    slice.value = this.place;
    slice.setAttribute("aria-valuetext", parts[0]);
    if (!isGrey) return;
    this.control("centre").value = this.centre;
    this.control("width").value = this.span;
    const near = (own, other) => Math.abs(own - other) < 1e-6 * Math.max(1, Math.abs(other));
    const preset = Object.entries(head.presets).find(([, [centre, span]]) => near(this.centre, centre) && near(this.span, span));
    this.control("preset").value = preset ? preset[0] : "custom";
  }

  toggleBoxes() {
    this.withBoxes = !this.withBoxes;
    this.root.querySelector('[data-action="boxes"]').setAttribute("aria-pressed", String(this.withBoxes));
    this.draw();
  }

  usePreset(name) {
    const preset = this.head.presets[name];
    if (preset) this.setWindow(...preset);
  }
}

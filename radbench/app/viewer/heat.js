// Heat maps of an image: for one of them and a slice, a small canvas that is stretched over the image.

const FINE = 256; // cells of a side: colours are given after weights were interpolated that far, not the other way round

class HeatMaps {
  // `maps`: author and shape [slices, rows, columns] of each, whose weights follow one another in `bytes`.
  constructor(maps, colours, bytes) {
    this.colours = colours;
    let start = 0;
    this.maps = maps.map(({ author, shape }) => {
      const size = shape[0] * shape[1] * shape[2];
      start += size;
      return { author, shape, weights: bytes.subarray(start - size, start) };
    });
    this.table = HeatMaps.table(colours);
    this.coarse = document.createElement("canvas");
    this.canvas = document.createElement("canvas");
  }

  // Weight -> colour, as opaque as the weight is large.
  static table(colours) {
    const stops = colours.map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));
    const table = new Uint32Array(256);
    for (let weight = 0; weight < 256; weight += 1) {
      const place = (weight / 255) * (stops.length - 1);
      const low = Math.min(Math.floor(place), stops.length - 2);
      const [red, green, blue] = stops[low].map((value, i) => Math.round(value + (stops[low + 1][i] - value) * (place - low)));
      table[weight] = (weight << 24) | (blue << 16) | (green << 8) | red;
    }
    return table;
  }

  // The canvas of map `which` over slice `place` of `depth`.
  plane(which, place, depth) {
    const { shape, weights } = this.maps[which];
    const [n, height, width] = shape;
    const at = Math.floor(((place + 0.5) * n) / depth);
    if (this.drawn !== `${which} ${at}`) {
      this.drawn = `${which} ${at}`;
      this.paint(weights.subarray(at * height * width, (at + 1) * height * width), width, height);
    }
    return this.canvas;
  }
  paint(weights, width, height) {
    this.coarse.width = width;
    this.coarse.height = height;
    const grey = new ImageData(width, height);
    const levels = new Uint32Array(grey.data.buffer);
    weights.forEach((weight, i) => { levels[i] = 0xff000000 | (weight << 16) | (weight << 8) | weight; });
    this.coarse.getContext("2d").putImageData(grey, 0, 0);
    const times = Math.max(1, Math.ceil(FINE / Math.max(width, height)));
    this.canvas.width = width * times;
    this.canvas.height = height * times;
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = true;
    context.drawImage(this.coarse, 0, 0, this.canvas.width, this.canvas.height);
    const fine = context.getImageData(0, 0, this.canvas.width, this.canvas.height);
    const out = new Uint32Array(fine.data.buffer);
    for (let i = 0; i < out.length; i += 1) out[i] = this.table[out[i] & 255];
    context.putImageData(fine, 0, 0);
  }
}

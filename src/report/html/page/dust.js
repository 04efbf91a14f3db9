// Many small bars, as pixels: a browser takes three microseconds for a rectangle on a canvas.

/** A colour `#rrggbb` as a pixel of an ImageData, whose bytes are red, green, blue, opacity. @param {string} colour */
function pixelOf(colour) {
  const [, red, green, blue] = /^#(..)(..)(..)$/.exec(colour) ?? [];
  if (blue === undefined) throw new Error(`"${colour}" is no #rrggbb`);
  const bytes = Uint8Array.of(parseInt(red, 16), parseInt(green, 16), parseInt(blue, 16), 255);
  return new Uint32Array(bytes.buffer)[0];
}

/** Colours that are told apart where they are near each other. @param {number} n @param {boolean} dark */
function workerColour(n, dark) {
  const hue = (n * 137.508 + 210) % 360;
  const light = dark ? 0.64 : 0.39;
  const most = 0.58 * Math.min(light, 1 - light);
  // CSS Color Module Level 4, 7.1: from HSL to sRGB.
  const part = (/** @type {number} */ of) => {
    const k = (of + hue / 30) % 12;
    const value = light - most * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(value * 255).toString(16).padStart(2, "0");
  };
  return `#${part(0)}${part(8)}${part(4)}`;
}

class Dust {
  constructor() {
    /** @type {ImageData | null} */
    this.image = null;
    this.pixels = new Uint32Array(0);
    /** Of the image; to ask it costs more than to draw a bar. */
    this.width = 0;
    this.height = 0;
    this.from = 0;
    /** Pixels of a nanosecond, and of a pixel of the page. */
    this.dots = 1;
    this.scale = 1;
    /** Bars that must be seen: colour, start, end, top, height. @type {number[]} */
    this.above = [];
  }

  /**
   * Begins a drawing as large as a canvas.
   * @param {CanvasRenderingContext2D} pen @param {number} paper the colour of all of it
   * @param {number} from the time at its left edge @param {number} to that at its right edge
   * @param {number} scale how many dots a pixel of the page has
   */
  begin(pen, paper, from, to, scale) {
    const { width, height } = pen.canvas;
    if (!this.image || this.width !== width || this.height !== height) {
      this.image = pen.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    this.pixels.fill(paper);
    [this.width, this.height] = [width, height];
    this.from = from;
    this.dots = width / (to - from);
    this.scale = scale;
    this.above.length = 0;
  }

  /**
   * A bar, of a pixel at least.
   * @param {number} pixel its colour @param {number} start @param {number} end
   * @param {number} top in the page's pixels @param {number} high
   */
  add(pixel, start, end, top, high) {
    const { dots, from } = this;
    const left = Math.round((start - from) * dots);
    this.fill(pixel, left, Math.max(left + 1, Math.round((end - from) * dots)), top, high);
  }

  /** A line from top to bottom, a pixel wide. @param {number} pixel @param {number} x @param {number} top both in the page's pixels */
  upright(pixel, x, top) {
    const left = Math.round(x * this.scale);
    this.fill(pixel, left, left + Math.max(1, Math.round(this.scale)), top, this.height);
  }

  /** @param {number} pixel @param {number} left in dots @param {number} right @param {number} top in the page's pixels @param {number} high */
  fill(pixel, left, right, top, high) {
    const { pixels, scale, width } = this;
    const a = left > 0 ? left : 0;
    const b = right < width ? right : width;
    if (!(a < b)) return;
    const above = Math.max(0, Math.round(top * scale));
    const below = Math.min(this.height, Math.max(above + 1, Math.round((top + high) * scale)));
    for (let y = above, row = above * width; y < below; y += 1, row += width) pixels.fill(pixel, row + a, row + b);
  }

  /** A bar that no other one hides. @param {number} pixel @param {number} start @param {number} end @param {number} top @param {number} high */
  addAbove(pixel, start, end, top, high) {
    this.above.push(pixel, start, end, top, high);
  }

  /**
   * Puts it on the canvas, over all that is there.
   * @param {CanvasRenderingContext2D} pen @param {boolean} printing
   */
  settle(pen, printing) {
    const { above, image } = this;
    for (let i = 0; i < above.length; i += 5) {
      this.add(above[i], above[i + 1], above[i + 2], above[i + 3], above[i + 4]);
    }
    if (!image) return;
    if (!printing) return pen.putImageData(image, 0, 0);
    // A canvas of pixels is printed as pixels, its words too; of another one's they are a picture.
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [this.width, this.height];
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    pen.drawImage(canvas, 0, 0, this.width / this.scale, this.height / this.scale);
  }
}

// Pictures as the package makes them (OpenCV's arithmetic): grey, cut out, made smaller. All in a worker's reach.

export function pictureArithmetic() {
  const bound = (value, least, most) => Math.min(Math.max(value, least), most);

  // A part of RGBA pixels as channels of Float32Array; outside of the picture the edge pixels are repeated.
  function cut({ data, width, height }, left, top, wide, high) {
    const channels = [0, 1, 2].map(() => new Float32Array(wide * high));
    for (let y = 0; y < high; y++) {
      const row = bound(top + y, 0, height - 1) * width;
      for (let x = 0; x < wide; x++) {
        const from = 4 * (row + bound(left + x, 0, width - 1));
        for (let c = 0; c < 3; c++) channels[c][y * wide + x] = data[from + c];
      }
    }
    return channels;
  }

  // 0.299 R + 0.587 G + 0.114 B, rounded as OpenCV rounds.
  function grey([red, green, blue]) {
    return red.map((_, i) => Math.floor((red[i] * 9798 + green[i] * 19235 + blue[i] * 3735 + 16384) / 32768));
  }

  // For each of `to` pixels of a line of `from` pixels: the first that counts, and the weights from there on.
  function weightsOf(from, to, averages) {
    const step = from / to;
    return Array.from({ length: to }, (_, at) => {
      if (!averages) { // linear between the centres of pixels
        const place = (at + 0.5) * step - 0.5;
        const first = bound(Math.floor(place), 0, from - 1);
        if (first + 1 > from - 1 || place < 0) return { first, weights: [1] };
        return { first, weights: [1 - (place - first), place - first] };
      }
      const [begin, end] = [at * step, Math.min((at + 1) * step, from)];
      const first = Math.floor(begin + 1e-6);
      const weights = [];
      for (let pixel = first; pixel < end - 1e-6; pixel++) {
        weights.push((Math.min(pixel + 1, end) - Math.max(pixel, begin)) / (end - begin));
      }
      return { first, weights };
    });
  }

  // Halves are rounded to the even neighbour, as OpenCV does.
  function rounded(value) {
    const low = Math.floor(value);
    if (value - low !== 0.5) return Math.round(value);
    return low % 2 ? low + 1 : low;
  }

  // Means over blocks of whole pixels, where sums are exact: OpenCV's own way, down to the rounding.
  function blocks(channel, wide, toWide, toHigh, across, down) {
    const share = Math.fround(1 / (across * down));
    const made = new Float32Array(toWide * toHigh);
    for (let y = 0; y < toHigh; y++) {
      for (let x = 0; x < toWide; x++) {
        let sum = 0;
        for (let j = y * down; j < (y + 1) * down; j++) {
          for (let i = x * across; i < (x + 1) * across; i++) sum += channel[j * wide + i];
        }
        const halvesUp = across === 2 && down === 2;
        made[y * toWide + x] = halvesUp ? Math.floor((sum + 2) / 4) : rounded(Math.fround(sum * share));
      }
    }
    return made;
  }

  // One channel at another size: means over areas, or linear, rounded to whole numbers.
  function resized(channel, wide, high, toWide, toHigh, averages) {
    if (averages && wide % toWide === 0 && high % toHigh === 0) {
      return blocks(channel, wide, toWide, toHigh, wide / toWide, high / toHigh);
    }
    const [across, down] = [weightsOf(wide, toWide, averages), weightsOf(high, toHigh, averages)];
    const lines = new Float32Array(toWide * high);
    for (let y = 0; y < high; y++) {
      for (let x = 0; x < toWide; x++) {
        const { first, weights } = across[x];
        let sum = 0;
        for (let i = 0; i < weights.length; i++) sum += weights[i] * channel[y * wide + first + i];
        lines[y * toWide + x] = sum;
      }
    }
    const made = new Float32Array(toWide * toHigh);
    for (let y = 0; y < toHigh; y++) {
      const { first, weights } = down[y];
      for (let x = 0; x < toWide; x++) {
        let sum = 0;
        for (let i = 0; i < weights.length; i++) sum += weights[i] * lines[(first + i) * toWide + x];
        made[y * toWide + x] = bound(rounded(sum), 0, 255);
      }
    }
    return made;
  }

  // The grey square that a network reads, `size` pixels a side: that of fer_utils.faces.crop.
  function face(picture, { x, y, side }, size) {
    const square = grey(cut(picture, x, y, side, side));
    return resized(square, side, side, size, size, side >= size);
  }

  return { cut, grey, resized, face };
}

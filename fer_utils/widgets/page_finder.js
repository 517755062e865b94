// The face finder's arithmetic, as in fer_utils/faces/short_range.py: what the network reads, and what its 896 answers say.

export function faceFinder({ cut, resized }, { SIDE, GRIDS, SCORE, OVERLAP, AROUND, PARTS, SURE, LIKE_DLIB }) {
  const half = (value) => Math.floor(value + 0.5);
  const centres = [];
  for (const [cells, inACell] of GRIDS) {
    for (let row = 0; row < cells; row++) {
      for (let column = 0; column < cells; column++) {
        for (let i = 0; i < inACell; i++) centres.push([(column + 0.5) / cells, (row + 0.5) / cells]);
      }
    }
  }

  function overlap(a, b) {
    const shared = (axis) => Math.max(0,
      Math.min(a[axis] + a[2] / 2, b[axis] + b[2] / 2) - Math.max(a[axis] - a[2] / 2, b[axis] - b[2] / 2));
    const common = shared(0) * shared(1);
    const union = a[2] ** 2 + b[2] ** 2 - common;
    return union > 0 ? common / union : 0;
  }

  // Faces as [x, y, width, score], in shares of the square's side, best first.
  function decoded(boxes, logits) {
    let rows = [];
    centres.forEach(([x, y], i) => {
      const score = 1 / (1 + Math.exp(-Math.min(Math.max(logits[i], -100), 100)));
      const [dx, dy, width] = [boxes[16 * i], boxes[16 * i + 1], boxes[16 * i + 2]];
      if (score >= SCORE) rows.push([x + dx / SIDE, y + dy / SIDE, width / SIDE, score]);
    });
    rows.sort((a, b) => b[3] - a[3]);
    const faces = [];
    while (rows.length) {
      const [best] = rows;
      const same = rows.filter((row) => row === best || overlap(best, row) > OVERLAP);
      const total = same.reduce((sum, row) => sum + row[3], 0);
      const mean = (place) => same.reduce((sum, row) => sum + row[place] * row[3], 0) / total;
      faces.push([mean(0), mean(1), mean(2), best[3]]);
      rows = rows.filter((row) => !same.includes(row));
    }
    return faces;
  }

  // What the network reads of a square: -1 to 1, black where the square leaves the picture.
  function read(picture, left, top, side) {
    const shown = new Float32Array(SIDE * SIDE * 3).fill(-1);
    const [x0, x1] = [Math.max(left, 0), Math.min(left + side, picture.width)];
    const [y0, y1] = [Math.max(top, 0), Math.min(top + side, picture.height)];
    if (x0 >= x1 || y0 >= y1) return shown;
    const [a0, a1] = [x0, x1].map((at) => half(((at - left) * SIDE) / side));
    const [b0, b1] = [y0, y1].map((at) => half(((at - top) * SIDE) / side));
    if (a1 <= a0 || b1 <= b0) return shown;
    cut(picture, x0, y0, x1 - x0, y1 - y0).forEach((channel, c) => {
      const small = resized(channel, x1 - x0, y1 - y0, a1 - a0, b1 - b0, side >= SIDE);
      for (let y = b0; y < b1; y++) {
        for (let x = a0; x < a1; x++) {
          shown[3 * (y * SIDE + x) + c] = (small[(y - b0) * (a1 - a0) + x - a0] - 127.5) / 127.5;
        }
      }
    });
    return shown;
  }

  function likeDlib([x, y, width, score]) {
    const [right, down, wide] = LIKE_DLIB;
    const side = Math.max(1, half(wide * width));
    return { x: half(x + right * width - side / 2), y: half(y + down * width - side / 2), side, score };
  }

  function sameFace(a, b) {
    const middle = (box) => [box.x + box.side / 2, box.y + box.side / 2];
    const inside = ([x, y], box) => box.x <= x && x < box.x + box.side && box.y <= y && y < box.y + box.side;
    const row = (box) => [...middle(box), box.side];
    return inside(middle(a), b) || inside(middle(b), a) || overlap(row(a), row(b)) > 0.3;
  }

  // Where squares of this side begin along one edge of the picture.
  function starts(length, side) {
    if (length <= side) return [(length - side) / 2];
    const steps = Math.ceil((length - side) / (side / 2));
    return Array.from({ length: steps + 1 }, (_, step) => ((length - side) * step) / steps);
  }

  // The squares that a thorough look sees besides the whole picture, [left, top, side].
  function smallSquares(width, height) {
    const squares = [];
    for (const part of PARTS) {
      const side = Math.max(width, height) / part;
      if (side < SIDE) break;
      for (const top of starts(height, side)) {
        for (const left of starts(width, side)) squares.push([left, top, side]);
      }
    }
    return squares;
  }

  // The faces of a picture, largest first. `ask(values)` runs the network: {boxes, logits}.
  async function find(picture, ask, thorough = false) {
    async function look(left, top, side) {
      [left, top, side] = [half(left), half(top), Math.max(half(side), 1)];
      const { boxes, logits } = await ask(read(picture, left, top, side));
      return decoded(boxes, logits).map(([x, y, w, score]) => [left + x * side, top + y * side, w * side, score]);
    }
    const { width, height } = picture;
    const whole = Math.max(width, height);
    const squares = [[(width - whole) / 2, (height - whole) / 2, whole], ...(thorough ? smallSquares(width, height) : [])];
    const found = [];
    for (const [place, [left, top, side]] of squares.entries()) {
      for (const first of await look(left, top, side)) {
        const around = first[2] * AROUND;
        const again = (await look(first[0] - around / 2, first[1] - around / 2, around))
          .find((face) => Math.hypot(face[0] - first[0], face[1] - first[1]) < first[2] / 2);
        if (place > 0 && !(again?.[3] >= SURE)) continue; // a face in a part of the picture must be a clear one
        const box = likeDlib(again ?? first);
        if (!found.some((other) => sameFace(box, other))) found.push(box);
      }
    }
    return found.sort((a, b) => b.side - a.side || a.x - b.x || a.y - b.y);
  }

  return { decoded, find };
}

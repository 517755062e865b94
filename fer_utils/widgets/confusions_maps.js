// The numbers behind the confusion matrix: which faces lie in a cell, and their maps. Tests compare them with Python's.

const most = (values) => values.indexOf(Math.max(...values));

// The answer to each face, the counts, and the faces of each cell.
export function counted({ names, labels, probabilities }) {
  const answers = probabilities.map(most);
  const cells = names.map(() => names.map(() => []));
  labels.forEach((label, face) => cells[label][answers[face]].push(face));
  return { answers, cells, counts: cells.map((row) => row.map((faces) => faces.length)) };
}

// What has been unpacked of the maps: `mapOf(face, which)` gives grid x grid losses of probability, -1 to 1.
export function unpackedMaps({ labels, maps, grid, unit }, answers) {
  const bytes = Uint8Array.from(atob(maps), (letter) => letter.charCodeAt(0));
  const values = new Int8Array(bytes.buffer);
  const wrong = labels.flatMap((label, face) => (label === answers[face] ? [] : [face]));
  const size = grid * grid;
  return (face, which) => {
    const own = which === "posed" && labels[face] !== answers[face];
    const place = own ? labels.length + wrong.indexOf(face) : face;
    return Array.from(values.subarray(place * size, (place + 1) * size), (value) => value / unit);
  };
}

// The mean of several maps.
export function meanMap(some) {
  return some[0].map((_, place) => some.reduce((sum, map) => sum + map[place], 0) / some.length);
}

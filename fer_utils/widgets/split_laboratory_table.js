// The table that is split: the drawn actors' rows, or the reader's own copy of the real actors' action units.
import { numpyRandom } from "./studio_random.js";

const NOISE = 0.001; // of a twin that is made; as in the book's study of the real table
const LARGEST = 20e6; // bytes of a file that is read
const SOME = 5; // actors that are needed for five folds
const NAME = /^(0[123])-(0[12])-(0[1-8])-(0[12])-(0[12])-(0[12])-(0[1-9]|1\d|2[0-4])$/;
const CHANNELS = { "01": "speech", "02": "song" };

// What a name of RAVDESS says, or null: modality, channel, expression, intensity, statement, repetition, actor.
export function parsedName(name) {
  const found = NAME.exec(name);
  if (found === null || (found[3] === "01" && found[4] !== "01")) return null; // neutral has one intensity
  const [, modality, channel, expression, intensity, statement, repetition, actor] = found;
  return {
    modality, actor, label: Number(expression) - 1,
    clip: `Actor_${actor}/${name}.mp4`,
    performance: `ravdess/${actor}/${CHANNELS[channel]}-${expression}-${intensity}-${statement}-${repetition}`,
  };
}

function tableOf(kind, names, rows, values, width) {
  const column = (name) => rows.map((row) => row[name]);
  return {
    kind, names, values, width, classes: names.length,
    labels: column("label"), clips: column("clip"), performances: column("performance"), actors: column("actor"),
  };
}

// The drawn actors' rows, without their twins if those stay out.
export function drawnTable(bytes, { names, files, frames, features }, twins) {
  const rows = [], places = [];
  files.forEach((file, number) => {
    const told = parsedName(file);
    if (!twins && told.modality === "01") return;
    for (let frame = 0; frame < frames; frame++) {
      rows.push(told);
      places.push(number * frames + frame);
    }
  });
  const values = new Uint8Array(rows.length * features);
  places.forEach((place, row) => {
    values.set(bytes.subarray(place * features, (place + 1) * features), row * features);
  });
  return tableOf("drawn", names, rows, values, features);
}

// The reader's table with a twin of each clip, which is the same numbers plus noise; or as it is.
export function withTwins(own, twins, seed) {
  if (!twins) return own;
  const random = numpyRandom([seed, 1]);
  const count = own.values.length;
  const values = new Float64Array(2 * count);
  values.set(own.values);
  for (let i = 0; i < count; i++) values[count + i] = own.values[i] + NOISE * random.normal();
  const twice = (list) => [...list, ...list];
  return {
    ...own, values, labels: twice(own.labels), performances: twice(own.performances), actors: twice(own.actors),
    clips: [...own.clips, ...own.clips.map((clip) => `${clip} (twin)`)],
  };
}

// The text of the file as a table. Throws an Error whose message is one sentence for the reader.
export function readTable(text, names, columns) {
  if (!text.trim()) throw new Error("This file is empty.");
  if (text.includes("\0")) throw new Error("This file is no text; choose the table as a CSV file.");
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  const cut = (line) => line.split(";").map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
  const heads = cut(lines[0]);
  if (heads.length < 2) throw new Error("This is no CSV file whose columns are separated by semicolons.");
  const absent = ["name", ...columns].filter((name) => !heads.includes(name));
  if (absent.length) {
    const more = absent.length > 1 ? ` and ${absent.length - 1} more` : "";
    throw new Error(`The table has no column ${absent[0]}${more}; it should have name, AU01_r to AU45_c.`);
  }
  const nameAt = heads.indexOf("name"), places = columns.map((name) => heads.indexOf(name));
  const found = [], seen = new Set();
  lines.forEach((line, number) => {
    if (number === 0 || !line.trim()) return;
    const where = `Line ${number + 1} of the file`;
    const cells = cut(line);
    if (cells.length !== heads.length) {
      throw new Error(`${where} has ${cells.length} columns; the first line has ${heads.length}.`);
    }
    const told = parsedName(cells[nameAt]);
    if (told === null) {
      throw new Error(`${where}: "${cells[nameAt].slice(0, 40)}" is no name of a RAVDESS clip, such as 01-01-06-01-02-01-12.`);
    }
    if (seen.has(told.performance)) throw new Error(`${where}: the performance ${cells[nameAt]} is there already.`);
    seen.add(told.performance);
    const values = places.map((place) => (cells[place] === "" ? NaN : Number(cells[place])));
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) throw new Error(`${where}: "${cells[places[wrong]].slice(0, 20)}" in column ${columns[wrong]} is no number.`);
    found.push({ ...told, values });
  });
  const actors = new Set(found.map((row) => row.actor)).size;
  if (actors < SOME) throw new Error(`The table has ${actors} actors; at least ${SOME} are needed.`);
  found.sort((one, other) => (one.clip < other.clip ? -1 : 1));
  return tableOf("yours", names, found, Float64Array.from(found.flatMap((row) => row.values)), columns.length);
}

export async function openedTable(file, names, columns) {
  if (file.size > LARGEST) {
    throw new Error(`This file has ${Math.round(file.size / 1e6)} MB; the table of action units has about 1 MB.`);
  }
  let text;
  try {
    text = await file.text();
  } catch {
    throw new Error("The browser cannot read this file.");
  }
  return readTable(text, names, columns);
}

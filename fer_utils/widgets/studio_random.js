// The random numbers of NumPy's default generator, so that a seed is the same person in the page and in Python:
// SeedSequence and PCG64 (O'Neill 2014), and the normal distribution by the ziggurat method (Marsaglia and Tsang 2000).

const MULTIPLIER = [0xf645, 0x9fcc, 0xdf64, 0x4385, 0x5da4, 0x1fc6, 0xed05, 0x2360]; // 128 bits, the lowest 16 first
const TAIL = 3.6541528853610088; // where the ziggurat's lowest layer ends
const LAYER = 0.004928673233974654; // the area of each of its 256 layers
const TWO_52 = 2 ** 52;

// Each layer's width per unit of the 52 random bits, up to which bits a point is surely under the curve, and heights.
const ziggurat = (() => {
  const width = new Float64Array(256);
  const sure = new Float64Array(256);
  const height = new Float64Array(256);
  const density = (x) => Math.exp(-0.5 * x * x);
  let x = TAIL;
  width[0] = LAYER / density(TAIL) / TWO_52;
  sure[0] = Math.floor(((TAIL * density(TAIL)) / LAYER) * TWO_52);
  height[0] = 1;
  width[255] = TAIL / TWO_52;
  height[255] = density(TAIL);
  for (let k = 254; k >= 1; k--) {
    const next = Math.sqrt(-2 * Math.log(LAYER / x + density(x)));
    sure[k + 1] = Math.floor((next / x) * TWO_52);
    width[k] = next / TWO_52;
    height[k] = density(next);
    x = next;
  }
  return { width, sure, height };
})();

// What NumPy makes of a list of seeds: eight words of 32 bits.
function seedWords(seeds) {
  const entropy = [];
  for (const seed of seeds) {
    let rest = seed;
    do {
      entropy.push(rest % 2 ** 32);
      rest = Math.floor(rest / 2 ** 32);
    } while (rest > 0);
  }
  let constant = 0x43b0d7e5;
  const hashed = (value) => {
    let word = (value ^ constant) >>> 0;
    constant = Math.imul(constant, 0x931e8875) >>> 0;
    word = Math.imul(word, constant) >>> 0;
    return (word ^ (word >>> 16)) >>> 0;
  };
  const mixed = (one, other) => {
    const word = (Math.imul(0xca01f9dd, one) - Math.imul(0x4973f715, other)) >>> 0;
    return (word ^ (word >>> 16)) >>> 0;
  };
  const pool = [0, 1, 2, 3].map((k) => hashed(entropy[k] ?? 0));
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mixed(pool[to], hashed(pool[from]));
  }
  for (let from = 4; from < entropy.length; from++) {
    for (let to = 0; to < 4; to++) pool[to] = mixed(pool[to], hashed(entropy[from]));
  }
  constant = 0x8b51f9dd;
  return Array.from({ length: 8 }, (_, k) => {
    let word = (pool[k % 4] ^ constant) >>> 0;
    constant = Math.imul(constant, 0x58f38ded) >>> 0;
    word = Math.imul(word, constant) >>> 0;
    return (word ^ (word >>> 16)) >>> 0;
  });
}

// `numpy.random.default_rng(seeds)` for a list of whole numbers, with the methods that the studio calls.
export function numpyRandom(seeds) {
  const words = seedWords(seeds);
  // Numbers of 128 bits are eight parts of 16 bits; of two words of 64 bits the first is the higher.
  const parts = (w) => [w[2], w[3], w[0], w[1]].flatMap((word) => [word & 0xffff, word >>> 16]);
  const start = parts(words.slice(0, 4));
  const step = parts(words.slice(4));
  for (let k = 7; k > 0; k--) step[k] = ((step[k] << 1) | (step[k - 1] >>> 15)) & 0xffff;
  step[0] = ((step[0] << 1) | 1) & 0xffff;
  let state = new Float64Array(8);
  let spare = new Float64Array(8);
  function advance() {
    let carry = 0;
    for (let k = 0; k < 8; k++) {
      let sum = carry + step[k];
      for (let j = 0; j <= k; j++) sum += state[j] * MULTIPLIER[k - j];
      carry = Math.floor(sum / 65536);
      spare[k] = sum - carry * 65536;
    }
    [state, spare] = [spare, state];
  }
  advance();
  let over = 0;
  for (let k = 0; k < 8; k++) {
    const sum = state[k] + start[k] + over;
    over = sum > 65535 ? 1 : 0;
    state[k] = sum % 65536;
  }
  advance();

  let high = 0; // the last random 64 bits
  let low = 0;
  function draw() {
    advance();
    const one = ((state[7] * 65536 + state[6]) ^ (state[3] * 65536 + state[2])) >>> 0;
    const other = ((state[5] * 65536 + state[4]) ^ (state[1] * 65536 + state[0])) >>> 0;
    const turn = state[7] >>> 10;
    const [a, b] = turn < 32 ? [one, other] : [other, one];
    const by = turn % 32;
    high = by ? ((a >>> by) | (b << (32 - by))) >>> 0 : a;
    low = by ? ((b >>> by) | (a << (32 - by))) >>> 0 : b;
  }
  let kept = null; // the second half of 64 bits of which an integer took the first
  function word() {
    if (kept !== null) {
      const found = kept;
      kept = null;
      return found;
    }
    draw();
    kept = high;
    return low;
  }
  function random() {
    draw();
    return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
  }
  function normal() {
    for (;;) {
      draw();
      const layer = low & 0xff;
      const negative = (low >>> 8) & 1;
      const bits = (high & 0x1fffffff) * 2 ** 23 + (low >>> 9);
      const x = bits * ziggurat.width[layer] * (negative ? -1 : 1);
      if (bits < ziggurat.sure[layer]) return x;
      if (layer === 0) {
        const behind = Math.floor(bits / 256) % 2;
        for (;;) {
          const far = -Math.log1p(-random()) / TAIL;
          const under = -Math.log1p(-random());
          if (under + under > far * far) return behind ? -(TAIL + far) : TAIL + far;
        }
      }
      const upper = ziggurat.height[layer - 1];
      const lower = ziggurat.height[layer];
      if ((upper - lower) * random() + lower < Math.exp(-0.5 * x * x)) return x;
    }
  }
  // A whole number from 0 to end - 1 (Lemire's method); end below 2 ** 20.
  function integer(end) {
    if (end === 1) return 0;
    const least = 2 ** 32 % end;
    for (;;) {
      const product = word() * end;
      if (product % 2 ** 32 >= least) return Math.floor(product / 2 ** 32);
    }
  }
  // The gamma distribution for shapes above 1 (Marsaglia and Tsang 2000).
  function gamma(shape, scale) {
    const b = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * b);
    for (;;) {
      let x;
      let v;
      do {
        x = normal();
        v = 1 + c * x;
      } while (v <= 0);
      v = v * v * v;
      const u = random();
      if (u < 1 - 0.0331 * x ** 4 || Math.log(u) < 0.5 * x * x + b * (1 - v + Math.log(v))) return scale * b * v;
    }
  }
  const uniform = (from, to) => from + (to - from) * random();
  const choice = (values) => values[integer(values.length)];
  // One of the values, which have these shares.
  function weightedChoice(values, shares) {
    const at = random();
    let sum = 0;
    const found = shares.findIndex((share) => at < (sum += share));
    return values[found < 0 ? values.length - 1 : found];
  }
  // A copy of the values in another order, as `permutation` gives it: Fisher and Yates' method, with whole numbers by
  // masks and rejection.
  function permutation(values) {
    const made = [...values];
    for (let last = made.length - 1; last > 0; last--) {
      const mask = 2 ** (32 - Math.clz32(last)) - 1;
      let other;
      do other = (word() & mask) >>> 0; while (other > last);
      [made[last], made[other]] = [made[other], made[last]];
    }
    return made;
  }
  const list = (count, make) => Array.from({ length: count }, make);
  return { random, normal, integer, gamma, uniform, choice, weightedChoice, permutation, list };
}

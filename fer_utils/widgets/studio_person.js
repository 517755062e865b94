// Who is drawn: `studio.person` in the page.  What can be chosen from comes from Python (`tables`).
import { clamp } from "./studio_numbers.js";
import { numpyRandom } from "./studio_random.js";

const rounded = (value, digits) => Number(value.toFixed(digits));

// The person of a seed, in their own tone or the one asked for; `tables` holds the studio's colours and styles.
export function personOf(seed, tone, tables) {
  const rng = numpyRandom([20231031, seed]);
  const male = ["female", "male"][rng.integer(2)] === "male";
  const own = 1 + Math.floor(10 * ((0.13 + seed * 0.61803398875) % 1));
  const age = rounded(clamp(21 + rng.gamma(2, 8), 21, 68), 1);
  const around = (centre, spread) => rounded(centre + spread * clamp(rng.normal(), -2, 2), 4);
  const i = { seed, male, tone: tone ?? own, ownTone: own, age };
  i.undertone = rounded(rng.uniform(-1, 1), 3);
  // The order is that of the random numbers.
  i.headWidth = around(1.0, 0.045);
  i.crown = around(1.16, 0.04);
  i.forehead = around(0.96, 0.035);
  i.cheekbones = around(0.99, 0.035);
  i.jaw = around(male ? 1.04 : 0.93, 0.05);
  i.chinWidth = around(male ? 1.08 : 0.93, 0.08);
  i.chin = around(male ? 1.13 : 1.085, 0.035);
  i.eyeSpacing = around(0.318, 0.013);
  i.eyeWidth = around(male ? 0.345 : 0.366, 0.018);
  i.eyeHeight = around(male ? 0.146 : 0.166, 0.014);
  i.eyeTilt = around(0.05, 0.06);
  i.lidCrease = rounded(clamp(0.7 + 0.35 * rng.normal(), 0, 1), 3);
  i.browHeight = around(male ? 0.215 : 0.245, 0.02);
  i.browThickness = around(male ? 0.066 : 0.044, 0.01);
  i.browSlope = around(0.02, 0.045);
  i.browArch = around(male ? 0.03 : 0.055, 0.018);
  i.noseWidth = around(male ? 0.165 : 0.148, 0.02);
  i.noseLength = around(0.46, 0.028);
  i.noseDepth = around(1.0, 0.14);
  i.bridge = around(1.0, 0.18);
  i.mouthY = around(male ? 0.715 : 0.695, 0.018);
  i.mouthWidth = around(male ? 0.262 : 0.25, 0.02);
  i.lipUpper = around(male ? 0.05 : 0.064, 0.012);
  i.lipLower = around(male ? 0.07 : 0.084, 0.013);
  i.cupid = around(0.3, 0.14);
  i.earSize = around(1.0, 0.1);
  i.earAngle = around(0.5, 0.2);
  i.neck = around(male ? 0.42 : 0.335, 0.025);
  i.hairline = around(0.0, 0.035);
  // Lips, nose, hair and eyes go with the tone that the seed gave, also where another is shown.
  if (own >= 7) {
    i.lipUpper = rounded(i.lipUpper * 1.2, 4);
    i.lipLower = rounded(i.lipLower * 1.15, 4);
    i.noseWidth = rounded(i.noseWidth * 1.12, 4);
  }
  let colours = ["black", "black", "dark brown", "brown"];
  if (own <= 3) colours = ["black", "dark brown", "brown", "chestnut", "auburn", "dark blond", "blond"];
  else if (own >= 7) colours = ["black", "black", "dark brown"];
  i.hairColour = rng.choice(colours);
  if (rng.random() < (age - 38) / 30) i.hairColour = age < 58 ? "grey" : "white";
  let eyes = ["brown", "hazel", "green", "grey", "blue", "blue"];
  if (own >= 6) eyes = ["dark brown", "brown"];
  else if (own >= 4) eyes = ["dark brown", "brown", "brown", "hazel"];
  i.eyeColour = rng.choice(eyes);
  const styles = tables.hairStyles[male ? "male" : "female"];
  i.hairStyle = styles[Math.floor(styles.length * ((seed * 0.7548776662 + rng.uniform(0, 0.35)) % 1))];
  const whiskers = rng.weightedChoice(tables.facialHair, [0.45, 0.22, 0.08, 0.1, 0.15]);
  i.facialHair = male ? whiskers : "none";
  i.glasses = rng.weightedChoice(tables.glasses, [0.82, 0.09, 0.09]);
  const freckled = rng.random() < 0.25;
  i.freckles = freckled && own <= 4 ? rounded(rng.random(), 3) : 0;
  i.clothes = tables.clothes[rng.integer(tables.clothes.length)];
  i.asymmetry = rounded(0.5 * rng.normal(), 3);
  const [red, green, blue] = tables.tones[i.tone - 1];
  i.skin = [red + 3 * i.undertone, green, blue - 5 * i.undertone];
  i.hair = tables.hair[i.hairColour];
  i.iris = tables.eyes[i.eyeColour];
  return i;
}

// Lengths and areas while drawing. A sphere is good to half a percent; the server measures in
// the city's plane and has the last word.

const RADIUS_M = 6371008.8;
const rad = (degrees) => (degrees * Math.PI) / 180;

/** Length in metres of a way of LatLngs. */
export function lengthM(way) {
  let total = 0;
  for (let i = 1; i < way.length; i += 1) total += way[i - 1].distanceTo(way[i]);
  return total;
}

/** Area in square metres of a closed ring of LatLngs. */
export function areaM2(ring) {
  let sum = 0;
  ring.forEach((here, i) => {
    const next = ring[(i + 1) % ring.length];
    sum += rad(next.lng - here.lng) * (2 + Math.sin(rad(here.lat)) + Math.sin(rad(next.lat)));
  });
  return Math.abs((sum * RADIUS_M * RADIUS_M) / 2);
}

/** 「約640 m」「約1.25 km」 */
export function lengthText(metres) {
  if (metres < 1000) return `${Math.round(metres)} m`;
  return `${(metres / 1000).toFixed(2)} km`;
}

/** 「約8,200 m²」「約0.42 km²」 */
export function areaText(squareMetres) {
  if (squareMetres < 100000) return `${Math.round(squareMetres).toLocaleString("ja")} m²`;
  return `${(squareMetres / 1000000).toFixed(2)} km²`;
}

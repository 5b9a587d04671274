// How features look: class names for colour (CSS), dash and weight from the palette, and pins.

const SVG = "http://www.w3.org/2000/svg";
const PIN = "M17 1a15 15 0 0 1 15 15c0 10.5-11.6 17.8-15 25C13.6 33.8 2 26.5 2 16A15 15 0 0 1 17 1Z";

export function styleOf(palette, state) {
  const key = state in palette ? state : "context";
  return { key, ...palette[key] };
}

function drawing(className, viewBox, path) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("viewBox", viewBox);
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

/** A numbered pin, or a plain symbol where there is no number. */
export function pinIcon(style, label) {
  const state = `map-state-${style.key}${style.hollow ? " is-hollow" : ""}`;
  const html = document.createElement("span");
  if (!label) {
    html.className = "map-symbol__box";
    html.append(drawing("map-symbol__shape", "0 0 24 24", style.symbol));
    return L.divIcon({ className: `map-symbol ${state}`, html, iconSize: [44, 44] });
  }
  html.className = "map-pin__box";
  const text = document.createElement("span");
  text.className = "map-pin__label";
  text.textContent = label;
  html.append(drawing("map-pin__shape", "0 0 34 42", PIN), text);
  if (style.badge) html.append(drawing("map-pin__badge", "0 0 24 24", style.badge));
  return L.divIcon({
    className: `map-pin ${state}`,
    html,
    iconSize: [44, 48],
    iconAnchor: [22, 47],
  });
}

/** Dash and weight for a zoom: a short line far away still shows its pattern. */
export function scaled({ dash, weight }, zoom) {
  const scale = zoom < 12 ? 0.55 : zoom < 14 ? 0.8 : 1;
  const numbers = dash.split(" ").map((part) => Math.max(0.1, Number(part) * scale));
  return { weight: Math.max(2.5, weight * scale), dashArray: dash ? numbers.join(" ") : null };
}

/** A short piece of the line, for lists. */
export function swatch(style) {
  const svg = drawing(`map-swatch map-state-${style.key}`, "0 0 40 16", "M5 8h30");
  const line = svg.firstChild;
  line.setAttribute("class", "map-swatch__line");
  line.setAttribute("stroke-width", style.weight);
  if (style.dash) line.setAttribute("stroke-dasharray", style.dash);
  return svg;
}

/** A small pin, for lists. */
export function pinSwatch(style) {
  const state = `map-state-${style.key}${style.hollow ? " is-hollow" : ""}`;
  return drawing(`map-swatch--pin ${state}`, "0 0 34 42", PIN);
}

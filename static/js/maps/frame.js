// The frame around a map: Leaflet with our manners. Status line, attribution below the map
// (so that it never hides a pin), Japanese controls, and gestures that let the page scroll.

import { watchGestures } from "./gestures.js";

const contexts = new Set();
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

/** What our modules know of a map: its element, words, palette and layers. */
export const contextOf = (map) => map.machipika;
export const allContexts = () => [...contexts];

export function createMap(view, settings) {
  globalThis.L.PM?.setOptIn(true); // Geoman touches only what asks for it
  const data = view.dataset;
  const map = L.map(view, {
    ...viewOptions(data, settings),
    maxBounds: L.latLngBounds(settings.bounds).pad(0.25),
    maxBoundsViscosity: 0.8,
    minZoom: settings.minZoom,
    maxZoom: settings.maxZoom,
    zoomSnap: 0.25,
    zoomControl: false,
    attributionControl: false,
    scrollWheelZoom: false,
    zoomAnimation: !calm,
    fadeAnimation: !calm,
    markerZoomAnimation: !calm,
    inertia: !calm,
    pmIgnore: false, // lets the drawing tools attach; other layers stay out of their reach
  });
  const frame = view.closest("[data-map-frame]");
  map.machipika = {
    map,
    view,
    frame,
    words: JSON.parse(data.words ?? "{}"),
    palette: settings.palette,
    home: L.latLngBounds(settings.bounds),
    placed: Boolean(data.lon && data.lat),
    calm,
    layers: [],
    onTap: null, // a tool that takes taps away from the features
  };
  contexts.add(map.machipika);
  addPanes(map);
  addControls(map);
  watchGestures(map);
  watchSize(map);
  addPlace(map);
  return map;
}

/** Forget maps whose element has gone. */
export function destroyMap(isGone) {
  for (const context of contexts) {
    if (!isGone(context.view)) continue;
    contexts.delete(context);
    context.layers.forEach((layer) => layer.stop());
    context.map.remove();
  }
}

function viewOptions(data, settings) {
  const given = data.lon && data.lat;
  return {
    center: given ? [Number(data.lat), Number(data.lon)] : settings.center,
    zoom: data.zoom ? Number(data.zoom) : given ? 15 : settings.zoom,
  };
}

function addPanes(map) {
  const order = { land: 150, casing: 410, lines: 420, hits: 430, names: 440 };
  for (const [name, level] of Object.entries(order)) {
    const pane = map.createPane(`map-${name}`);
    pane.style.zIndex = level;
    if (name === "names" || name === "casing") pane.style.pointerEvents = "none";
  }
}

function addControls(map) {
  const { words, frame } = contextOf(map);
  L.control.zoom({
    position: "topright",
    zoomInText: "",
    zoomOutText: "",
    zoomInTitle: words.zoomIn,
    zoomOutTitle: words.zoomOut,
  }).addTo(map);
  L.control.scale({ position: "bottomleft", imperial: false, maxWidth: 90 }).addTo(map);
  const place = frame?.querySelector("[data-map-attribution]");
  if (!place) return;
  const credit = L.control.attribution({ prefix: false }).addTo(map);
  map.attributionControl = credit;
  place.append(credit.getContainer());
}

/** A round button in a corner of the map. */
export function addButton(map, { position, label, className, onClick }) {
  const Corner = L.Control.extend({
    onAdd() {
      const button = L.DomUtil.create("button", `map-button ${className}`);
      button.type = "button";
      button.title = label;
      button.setAttribute("aria-label", label);
      L.DomEvent.disableClickPropagation(button);
      L.DomEvent.on(button, "click", onClick);
      return button;
    },
  });
  const corner = new Corner({ position }).addTo(map);
  return corner.getContainer();
}

/** Say something beside the map. `retry` adds a button; an empty text clears the line. */
export function say(map, text = "", { kind = "info", retry = null } = {}) {
  const { frame, words } = contextOf(map);
  const line = frame?.querySelector("[data-map-status]");
  if (!line) return;
  line.dataset.kind = kind;
  const slot = frame.querySelector("[data-map-retry]");
  slot.replaceChildren();
  if (retry) {
    const button = Object.assign(document.createElement("button"), {
      type: "button",
      className: "map-retry",
      textContent: words.retry,
    });
    button.addEventListener("click", retry);
    slot.append(button);
  }
  if (line.textContent !== text) line.textContent = text;
}

/** Fill {name} in a sentence. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");

/** Move the map to bounds with room for pins at the top. */
export function showBounds(map, bounds, maxZoom = 16) {
  map.fitBounds(bounds, {
    paddingTopLeft: [28, 52],
    paddingBottomRight: [60, 28],
    maxZoom,
    animate: false,
  });
}

function addPlace(map) {
  const { view, words } = contextOf(map);
  const { lon, lat, radiusM, zoom } = view.dataset;
  if (!(lon && lat && radiusM)) return;
  const centre = [Number(lat), Number(lon)];
  const circle = L.circle(centre, {
    radius: Number(radiusM),
    interactive: false,
    className: "map-radius",
    pane: "map-casing",
  }).addTo(map);
  const dot = L.divIcon({ className: "map-here map-state-place", iconSize: [20, 20] });
  L.marker(centre, { icon: dot, interactive: false, keyboard: false, alt: words.here }).addTo(map);
  if (!zoom) showBounds(map, circle.getBounds());
}

function watchSize(map) {
  const observer = new ResizeObserver(() => map.invalidateSize({ animate: false }));
  observer.observe(map.getContainer());
  map.on("unload", () => observer.disconnect());
}

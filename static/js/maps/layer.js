// Features by URL: asked for by viewport, once, and drawn as casing, line and a wide hit line.

import { contextOf, fill, say, showBounds } from "./frame.js";
import { highlight, openAt, openEntry, twinOf } from "./picking.js";
import { pinIcon, scaled, styleOf } from "./symbols.js";

const HIT_WIDTH_PX = 28;
const GRID_DEGREES = 0.005; // boxes snap outwards, so that caches meet the same address again
const SLOW_MS = 400;

export function addLayer(map, settings) {
  const context = contextOf(map);
  const layer = {
    ...settings,
    map,
    entries: new Map(),
    group: L.layerGroup().addTo(map),
    loaded: null,
    truncated: false,
    abort: null,
    stop: () => layer.abort?.abort(),
    reload: () => load(layer, { fresh: true }),
  };
  context.layers.push(layer);
  map.on("moveend", () => load(layer));
  map.on("zoomend", () => rescale(layer));
  watchQuery(layer);
  // The first answer covers the whole city and lets the map find its data; what is there is
  // there at once, and nothing is asked for twice.
  const around = Boolean(context.view.dataset.radiusM);
  const everything = settings.fit && (!context.placed || around);
  load(layer, { box: everything ? context.home : null, fit: everything });
}

function watchQuery(layer) {
  const { view } = contextOf(layer.map);
  const observer = new MutationObserver(() => load(layer, { fresh: true, fit: layer.fit }));
  observer.observe(view, { attributeFilter: ["data-query", "data-features-url"] });
  // A swapped list tells its map what it shows: <div data-map-for="opportunities" data-query="…">
  const swapped = () => {
    const note = document.querySelector(`[data-map-for="${view.dataset.map}"]`);
    if (!note) return;
    const query = note.dataset.query ?? "";
    if (query !== (view.dataset.query ?? "")) view.dataset.query = query;
  };
  document.addEventListener("htmx:after:swap", swapped);
  layer.map.on("unload", () => {
    observer.disconnect();
    document.removeEventListener("htmx:after:swap", swapped);
  });
}

async function load(layer, { fresh = false, fit = false, box = null } = {}) {
  const { map } = layer;
  const wanted = clip(map.getBounds(), contextOf(map).home);
  if (!fresh && covered(layer, wanted)) return;
  layer.abort?.abort();
  const abort = new AbortController();
  layer.abort = abort;
  const { home } = contextOf(map);
  const area = box ?? (fit ? home : clip(map.getBounds().pad(0.3), home));
  const { words } = contextOf(map);
  const slow = setTimeout(() => say(map, words.loading, { kind: "busy" }), SLOW_MS);
  try {
    const answer = await fetch(address(layer, area), {
      signal: abort.signal,
      headers: { Accept: "application/geo+json, application/json" },
    });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const data = await answer.json();
    layer.loaded = area;
    layer.loadedZoom = map.getZoom();
    draw(layer, data);
    report(layer);
    if (fit) fitTo(layer);
  } catch {
    if (abort.signal.aborted) return;
    say(map, words.failed, { kind: "error", retry: () => load(layer, { fresh: true, fit }) });
  } finally {
    clearTimeout(slow);
  }
}

/** The part of bounds that lies in the city: beyond it there is nothing to ask for. */
function clip(bounds, home) {
  if (!bounds.intersects(home)) return bounds;
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const corner = ({ lat, lng }) => [
    clamp(lat, home.getSouth(), home.getNorth()),
    clamp(lng, home.getWest(), home.getEast()),
  ];
  return L.latLngBounds(corner(bounds.getSouthWest()), corner(bounds.getNorthEast()));
}

/** Whether what we hold answers for the viewport; a cut-off answer does not, once zoomed in. */
function covered(layer, wanted) {
  if (!layer.loaded?.contains(wanted)) return false;
  return !(layer.truncated && layer.map.getZoom() > layer.loadedZoom);
}

function address(layer, area) {
  const { view } = contextOf(layer.map);
  const base = layer.faint ? layer.url : view.dataset.featuresUrl || layer.url;
  const url = new URL(base, document.baseURI);
  if (!layer.faint) {
    for (const [key, value] of new URLSearchParams(view.dataset.query ?? "")) {
      url.searchParams.append(key, value);
    }
  }
  const down = (value) => (Math.floor(value / GRID_DEGREES) * GRID_DEGREES).toFixed(3);
  const up = (value) => (Math.ceil(value / GRID_DEGREES) * GRID_DEGREES).toFixed(3);
  const sides = [down(area.getWest()), down(area.getSouth()), up(area.getEast()), up(area.getNorth())];
  url.searchParams.set("bbox", sides.join(","));
  return url;
}

function report(layer) {
  const { words } = contextOf(layer.map);
  if (layer.truncated) say(layer.map, words.truncated);
  else if (!layer.entries.size && !layer.faint) say(layer.map, words.empty);
  else say(layer.map);
}

/** Show what the list shows: its numbered results and the place they are near; else everything. */
function fitTo(layer) {
  const { view, home } = contextOf(layer.map);
  const all = [...layer.entries.values()];
  const numbered = all.filter((entry) => entry.label);
  const bounds = L.latLngBounds([]);
  for (const entry of numbered.length ? numbered : all) bounds.extend(entry.bounds);
  const { lon, lat, radiusM } = view.dataset;
  if (radiusM && bounds.isValid()) bounds.extend([Number(lat), Number(lon)]);
  if (bounds.isValid()) showBounds(layer.map, bounds);
  else if (!radiusM) showBounds(layer.map, home);
}

function draw(layer, data) {
  const focused = focusedId(layer);
  layer.group.clearLayers();
  layer.entries.clear();
  layer.truncated = Boolean(data.truncated);
  const features = (data.features ?? []).filter((feature) => feature.geometry);
  for (const feature of features) layer.entries.set(idOf(feature), entryOf(layer, feature));
  const shapes = features.filter(({ geometry }) => !geometry.type.endsWith("Point"));
  drawShapes(layer, shapes);
  drawPins(layer);
  layer.entries.get(focused)?.pin?.getElement()?.focus({ preventScroll: true });
  layer.map.fire("machipika:drawn");
}

const idOf = (feature) => String(feature.properties?.id ?? feature.id);

function entryOf(layer, feature) {
  const { palette } = contextOf(layer.map);
  const { name = "", label = "", state = "context", url = "" } = feature.properties ?? {};
  const style = styleOf(palette, layer.faint ? "context" : state);
  const bounds = L.geoJSON(feature).getBounds();
  return { id: idOf(feature), feature, name, label: String(label ?? ""), style, url, bounds, paths: [] };
}

function drawShapes(layer, features) {
  const entry = (feature) => layer.entries.get(idOf(feature));
  const kind = (feature) => (feature.geometry.type.endsWith("Polygon") ? "map-area" : "map-way");
  const add = (pane, style, interactive) => {
    const renderer = rendererOf(layer.map, pane);
    const part = L.geoJSON(features, {
      pane,
      renderer,
      interactive,
      style,
      onEachFeature: (feature, path) => entry(feature).paths.push(path),
    });
    return part.addTo(layer.group);
  };
  const faint = layer.faint ? " is-faint" : "";
  add("map-casing", (feature) => ({
    className: `map-casing ${kind(feature)}${faint}`,
    weight: scaled(entry(feature).style, layer.map.getZoom()).weight + 4,
    fill: false,
  }), false);
  add("map-lines", (feature) => ({
    className: `map-line ${kind(feature)} map-state-${entry(feature).style.key}${faint}`,
    ...scaled(entry(feature).style, layer.map.getZoom()),
  }), false);
  if (layer.faint) return;
  const hits = add("map-hits", (feature) => ({
    className: "map-hit",
    weight: HIT_WIDTH_PX,
    opacity: 0,
    fillOpacity: 0,
  }), true);
  hits.on("click", (event) => openAt(layer.map, event));
  hits.on("mouseover", ({ layer: path }) => twinOf(layer.map, entry(path.feature), true));
  hits.on("mouseout", ({ layer: path }) => twinOf(layer.map, entry(path.feature), false));
}

function rescale(layer) {
  for (const { paths: [casing, line], style } of layer.entries.values()) {
    if (!line) continue;
    const { weight, dashArray } = scaled(style, layer.map.getZoom());
    if (line.options.weight === weight) continue;
    casing.setStyle({ weight: weight + 4 });
    line.setStyle({ weight, dashArray });
  }
}

function rendererOf(map, pane) {
  const context = contextOf(map);
  context.renderers ??= {};
  context.renderers[pane] ??= L.svg({ pane, padding: 0.3 });
  return context.renderers[pane];
}

function drawPins(layer) {
  const pins = [...layer.entries.values()].filter(
    ({ feature, label }) => label || feature.geometry.type.endsWith("Point"),
  );
  // Keyboard order follows the numbers of the list.
  pins.sort((one, two) => (Number(one.label) || 0) - (Number(two.label) || 0));
  pins.forEach((entry) => drawPin(layer, entry));
}

function drawPin(layer, entry) {
  const { words } = contextOf(layer.map);
  const reachable = Boolean(entry.url) && !layer.faint;
  const pin = L.marker(anchorOf(entry), {
    icon: pinIcon(entry.style, entry.label),
    keyboard: reachable,
    interactive: reachable,
    riseOnHover: true,
    alt: "",
  });
  entry.pin = pin;
  pin.addTo(layer.group);
  if (!reachable) return;
  const element = pin.getElement();
  const sentence = entry.label ? words.pin : "{name}";
  element.setAttribute("aria-label", fill(sentence, entry));
  element.removeAttribute("title");
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    openEntry(layer.map, entry, element);
  });
  pin.on("click", (event) => openAt(layer.map, event, entry));
  pin.on("mouseover", () => twinOf(layer.map, entry, true));
  pin.on("mouseout", () => twinOf(layer.map, entry, false));
  element.addEventListener("focus", () => highlight(layer.map, entry.id));
  element.addEventListener("blur", () => highlight(layer.map, null));
}

/** Where a pin stands: a point itself, the middle of a line's longest part, inside an area. */
function anchorOf(entry) {
  const { geometry } = entry.feature;
  if (geometry.type === "Point") return L.GeoJSON.coordsToLatLng(geometry.coordinates);
  const depth = { MultiPoint: 0, LineString: 0, MultiLineString: 1, Polygon: 1, MultiPolygon: 2 };
  let way = L.GeoJSON.coordsToLatLngs(geometry.coordinates, depth[geometry.type]);
  for (let level = depth[geometry.type]; level > 0; level -= 1) {
    way = way.reduce((longest, part) => (part.flat(2).length > longest.flat(2).length ? part : longest));
  }
  if (geometry.type.endsWith("Polygon")) return L.latLngBounds(way).getCenter();
  return way[Math.floor(way.length / 2)];
}

function focusedId(layer) {
  const active = document.activeElement;
  const found = [...layer.entries.values()].find(({ pin }) => pin && pin.getElement() === active);
  return found?.id;
}

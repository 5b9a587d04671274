// Opening a feature: into the sheet through htmx, or as a page. When several lie under a
// finger a list asks which one is meant.

import { contextOf, fill } from "./frame.js";
import { pinSwatch, swatch } from "./symbols.js";

const FINGER_PX = 24;

/** A tap at a place; `pinned` is the pin that was hit, if any. */
export function openAt(map, event, pinned = null) {
  const context = contextOf(map);
  L.DomEvent.stopPropagation(event);
  if (context.onTap) {
    context.onTap(event.latlng);
    return;
  }
  const point = pinned ? pinHead(map, pinned) : map.latLngToContainerPoint(event.latlng);
  const near = nearby(map, point, Boolean(pinned));
  if (pinned && !near.includes(pinned)) near.unshift(pinned);
  if (near.length === 1) openEntry(map, near[0], map.getContainer());
  else if (near.length) choose(map, near);
}

const pinHead = (map, { pin }) => map.latLngToContainerPoint(pin.getLatLng()).subtract([0, 28]);

/** Features within a finger's width, nearest first. A tap on a pin means pins only. */
function nearby(map, point, pinsOnly) {
  const found = [];
  for (const layer of contextOf(map).layers) {
    if (layer.faint) continue;
    for (const entry of layer.entries.values()) {
      if (!entry.url) continue;
      const distance = pinsOnly ? pinDistance(map, entry, point) : distancePx(map, entry, point);
      if (distance <= FINGER_PX) found.push({ entry, distance });
    }
  }
  found.sort((one, two) => one.distance - two.distance);
  return found.map(({ entry }) => entry);
}

const pinDistance = (map, entry, point) => (entry.pin ? pinHead(map, entry).distanceTo(point) : Infinity);

function distancePx(map, entry, point) {
  const path = entry.paths.at(-1);
  if (!path) return pinDistance(map, entry, point);
  const corner = map.latLngToContainerPoint(entry.bounds.getSouthWest());
  const other = map.latLngToContainerPoint(entry.bounds.getNorthEast());
  const around = L.bounds(corner, other);
  const reach = L.bounds(around.min.subtract([FINGER_PX, FINGER_PX]), around.max.add([FINGER_PX, FINGER_PX]));
  if (!reach.contains(point)) return Infinity;
  const isArea = path instanceof L.Polygon;
  const ways = waysOf(path.getLatLngs()).map((way) => {
    const points = way.map((place) => map.latLngToContainerPoint(place));
    return isArea ? [...points, points[0]] : points;
  });
  if (isArea && insideAny(ways, point)) return 0;
  return Math.min(...ways.map((way) => wayDistance(way, point)));
}

const waysOf = (latlngs) => (Array.isArray(latlngs[0]) ? latlngs.flatMap(waysOf) : [latlngs]);

function wayDistance(way, point) {
  let nearest = Infinity;
  for (let i = 1; i < way.length; i += 1) {
    nearest = Math.min(nearest, L.LineUtil.pointToSegmentDistance(point, way[i - 1], way[i]));
  }
  return nearest;
}

/** Even-odd rule over all rings, so that holes are outside. */
function insideAny(rings, { x, y }) {
  let inside = false;
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i += 1) {
      const [a, b] = [ring[i - 1], ring[i]];
      if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
    }
  }
  return inside;
}

/** Show one feature in the sheet, or go to its page when there is no sheet or no htmx. */
export async function openEntry(map, entry, opener) {
  if (!entry.url) return;
  const sheet = document.getElementById("sheet");
  if (!sheet || !globalThis.htmx) {
    location.assign(entry.url);
    return;
  }
  highlight(map, entry.id);
  await globalThis.htmx.ajax("GET", entry.url, { target: "#sheet", swap: "innerHTML", source: map.getContainer() });
  announceSheet(map, { id: entry.id, url: entry.url, name: entry.name, opener });
}

/** Tell the page that the sheet holds something new. */
function announceSheet(map, detail) {
  map.getContainer().dispatchEvent(new CustomEvent("machipika:sheet", { bubbles: true, detail }));
}

function choose(map, entries) {
  const { words, frame } = contextOf(map);
  const list = chooser(map, entries, words);
  const sheet = document.getElementById("sheet");
  if (sheet) {
    sheet.replaceChildren(list);
    announceSheet(map, { id: null, url: null, name: words.choose, opener: map.getContainer() });
  } else {
    frame.querySelector("[data-map-chooser]").replaceChildren(list);
  }
  list.querySelector("[data-focus]").focus({ preventScroll: Boolean(sheet) });
}

function chooser(map, entries, words) {
  const box = document.createElement("div");
  box.className = "map-chooser stack";
  const heading = document.createElement("h2");
  heading.textContent = words.choose;
  heading.tabIndex = -1;
  heading.dataset.focus = "";
  const count = document.createElement("p");
  count.textContent = fill(words.chooseCount, { n: entries.length });
  const list = document.createElement("ul");
  list.className = "map-chooser__list";
  list.append(...entries.map((entry) => choice(map, entry)));
  box.append(heading, count, list);
  return box;
}

function choice(map, entry) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "map-choice";
  const name = document.createElement("span");
  name.textContent = entry.label ? `${entry.label}. ${entry.name}` : entry.name;
  button.append(entry.label ? pinSwatch(entry.style) : swatch(entry.style), name);
  button.addEventListener("click", () => openEntry(map, entry, map.getContainer()));
  button.addEventListener("mouseenter", () => highlight(map, entry.id));
  button.addEventListener("focus", () => highlight(map, entry.id));
  item.append(button);
  return item;
}

/** Bring one feature out, and put the one before back; null clears. */
export function highlight(map, id) {
  const context = contextOf(map);
  for (const layer of context.layers) {
    for (const entry of layer.entries.values()) {
      const active = id !== null && entry.id === id && !layer.faint;
      if (Boolean(entry.active) === active) continue;
      entry.active = active;
      entry.paths.forEach((path) => path.getElement()?.classList.toggle("is-active", active));
      entry.pin?.getElement()?.classList.toggle("is-active", active);
      entry.pin?.setZIndexOffset(active ? 1000 : 0);
      if (active) entry.paths.forEach((path) => path.bringToFront());
    }
  }
}

/** The pointer is on a feature: mark it, and its rows in the list. */
export function twinOf(map, entry, active) {
  highlight(map, active ? entry.id : null);
  document.querySelectorAll("[data-feature-id]").forEach((row) => {
    row.classList.toggle("is-map-active", active && row.dataset.featureId === entry.id);
  });
}

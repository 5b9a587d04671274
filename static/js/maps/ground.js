// The ground: bundled land that is always there, tiles over it, names that never overlap.

import { contextOf } from "./frame.js";

const STATIC_ROOT = new URL("../../", import.meta.url);
const BEYOND_DEGREES = 3;

/** Land from a GeoJSON file; a URL without a leading slash lies in the static folder. */
export async function addLand(map, { url, attribution, places }) {
  map.attributionControl?.addAttribution(escape(attribution));
  addNames(map, places);
  const address = url.startsWith("/") ? url : new URL(url, STATIC_ROOT);
  try {
    const answer = await fetch(address);
    if (answer.ok) drawLand(map, await answer.json());
  } catch {
    // Without land there is still the sea, the names and the areas.
  }
}

function drawLand(map, land) {
  const box = L.geoJSON(land).getBounds();
  const options = { pane: "map-land", interactive: false };
  const renderer = L.svg({ pane: "map-land", padding: 0.5 });
  for (const { geometry } of land.features) {
    for (const ring of geometry.coordinates) {
      const fill = ring.map((position) => beyond(position, box));
      L.polygon(fill, { ...options, renderer, className: "map-land", stroke: false }).addTo(map);
      const coast = coastOf(ring, box);
      L.polyline(coast, { ...options, renderer, className: "map-coast", weight: 1.25 }).addTo(map);
    }
  }
}

const onEdge = ([lon, lat], box) => ({
  west: lon <= box.getWest(),
  east: lon >= box.getEast(),
  north: lat >= box.getNorth(),
});

/** Where the data was cut there is more land, not a coast: push the cut out of sight. */
function beyond(position, box) {
  const edge = onEdge(position, box);
  let [lon, lat] = position;
  if (edge.north) lat += BEYOND_DEGREES;
  if (edge.east) lon += BEYOND_DEGREES;
  if (edge.west) lon -= BEYOND_DEGREES;
  return [lat, lon];
}

/** The ring without the stretches along the cut. */
function coastOf(ring, box) {
  const parts = [[]];
  const cut = (one, two) => {
    const a = onEdge(one, box);
    const b = onEdge(two, box);
    return (a.west && b.west) || (a.east && b.east) || (a.north && b.north);
  };
  ring.forEach(([lon, lat], index) => {
    if (index && cut(ring[index - 1], ring[index])) parts.push([]);
    parts.at(-1).push([lat, lon]);
  });
  return parts.filter((part) => part.length > 1);
}

/** Tiles over the land. A tile that fails is hidden, so the land shows instead of a hole. */
export function addTiles(map, { url, attribution, attributionUrl }) {
  const { view } = contextOf(map);
  const credit = attributionUrl
    ? `<a href="${escape(attributionUrl)}" rel="noopener noreferrer">${escape(attribution)}</a>`
    : escape(attribution);
  map.options.zoomSnap = 1; // tiles between two zooms are blurred
  const tiles = L.tileLayer(url, { maxZoom: 18, attribution: credit, crossOrigin: false });
  let failed = 0;
  tiles.on("loading", () => { failed = 0; });
  tiles.on("tileerror", ({ tile }) => {
    failed += 1;
    tile.classList.add("map-tile-missing");
  });
  // Tiles are light in every theme, so the map is light as soon as there is one.
  tiles.on("tileload", () => view.setAttribute("data-tiles", ""));
  // Tiles carry their own names; ours come back when some are missing.
  tiles.on("load", () => {
    view.toggleAttribute("data-tiles-complete", failed === 0);
    map.fire("machipika:ground");
  });
  tiles.addTo(map);
}

function addNames(map, places) {
  const { view } = contextOf(map);
  const names = [...places]
    .sort((one, two) => one[4] - two[4])
    .map(([name, lon, lat, minZoom]) => ({
      minZoom,
      at: L.latLng(lat, lon),
      width: [...name].length * 13 + 16,
      marker: L.marker([lat, lon], {
        icon: nameIcon(name),
        pane: "map-names",
        interactive: false,
        keyboard: false,
      }),
    }));
  const place = () => placeNames(map, names, view.hasAttribute("data-tiles-complete"));
  map.on("zoomend moveend resize machipika:ground machipika:drawn", place);
  map.whenReady(place);
}

function nameIcon(name) {
  const label = document.createElement("span");
  label.textContent = name;
  return L.divIcon({ className: "map-name", html: label, iconSize: [0, 0] });
}

/** First come, first served in order of weight; pins come before names. */
function placeNames(map, names, hidden) {
  const taken = [...pinBoxes(map), ...controlBoxes(map)];
  const view = L.bounds([0, 0], map.getSize());
  for (const { marker, at, minZoom, width } of names) {
    const spot = map.latLngToContainerPoint(at);
    const box = L.bounds(spot.subtract([6, 11]), spot.add([width, 11]));
    const inView = view.contains(L.bounds(box.min.add([4, 4]), box.max.subtract([4, 4])));
    const free = !hidden && map.getZoom() >= minZoom && inView;
    if (free && !taken.some((other) => other.intersects(box))) {
      taken.push(box);
      marker.addTo(map);
    } else {
      marker.remove();
    }
  }
}

function pinBoxes(map) {
  const entries = contextOf(map).layers.flatMap((layer) => [...layer.entries.values()]);
  return entries.filter((entry) => entry.pin).map(({ pin }) => {
    const tip = map.latLngToContainerPoint(pin.getLatLng());
    return L.bounds(tip.subtract([18, 44]), tip.add([18, 4]));
  });
}

function controlBoxes(map) {
  const frame = map.getContainer().getBoundingClientRect();
  return [...map.getContainer().querySelectorAll(".leaflet-control")].map((control) => {
    const { left, top, right, bottom } = control.getBoundingClientRect();
    return L.bounds([left - frame.left, top - frame.top], [right - frame.left, bottom - frame.top]);
  });
}

/** Text for the attribution, which Leaflet takes as HTML. */
function escape(text) {
  const holder = document.createElement("span");
  holder.textContent = text;
  return holder.innerHTML.replaceAll('"', "&quot;");
}

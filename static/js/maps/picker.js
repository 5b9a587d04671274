// Choose one place: tap the map, or bring it under the crosshair and press the button.
// data-lon-input and data-lat-input name the inputs (default lon, lat) in the form around the
// map or in data-form; data-submit sends the form at once.

import { contextOf, say } from "./frame.js";

const DECIMALS = 5; // about one metre

export function addPointPicker(map) {
  const context = contextOf(map);
  const { view, frame, words } = context;
  const inputs = findInputs(view);
  const icon = L.divIcon({
    className: "map-pick map-state-place",
    html: pickShape(),
    iconSize: [44, 48],
    iconAnchor: [22, 47],
  });
  const marker = L.marker(map.getCenter(), { icon, draggable: true, keyboard: false, alt: "" });

  const place = (latlng, quiet = false) => {
    marker.setLatLng(latlng).addTo(map);
    if (quiet) return;
    write(inputs, latlng);
    say(map, words.picked);
    view.dispatchEvent(new CustomEvent("machipika:picked", { bubbles: true, detail: lonLat(latlng) }));
    if (view.dataset.submit) inputs.form?.requestSubmit();
  };
  context.onTap = place;
  map.on("click", (event) => place(event.latlng));
  marker.on("dragend", () => place(marker.getLatLng()));
  L.DomUtil.create("div", "map-crosshair", view).setAttribute("aria-hidden", "true");
  addHereButton(frame, words, () => place(map.getCenter()));
  const known = read(inputs);
  if (known) {
    place(known, true);
    map.setView(known, Math.max(map.getZoom(), 15), { animate: false });
  }
  say(map, words.pick);
}

function findInputs(view) {
  const { form: formId, lonInput = "lon", latInput = "lat" } = view.dataset;
  const form = formId ? document.getElementById(formId) : view.closest("form");
  const find = (name) => form?.elements.namedItem(name) ?? document.querySelector(`[name="${name}"]`);
  return { form, lon: find(lonInput), lat: find(latInput) };
}

function lonLat(latlng) {
  const wrapped = latlng.wrap();
  return { lon: wrapped.lng.toFixed(DECIMALS), lat: wrapped.lat.toFixed(DECIMALS) };
}

function write({ lon, lat }, latlng) {
  const values = lonLat(latlng);
  for (const [input, value] of [[lon, values.lon], [lat, values.lat]]) {
    if (!input) continue;
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function read({ lon, lat }) {
  if (!lon?.value || !lat?.value) return null;
  const place = [Number(lat.value), Number(lon.value)];
  return place.every(Number.isFinite) ? L.latLng(place) : null;
}

function addHereButton(frame, words, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button--secondary map-tool";
  button.textContent = words.hereButton;
  button.addEventListener("click", onClick);
  frame.querySelector("[data-map-tools]").append(button);
}

function pickShape() {
  const holder = document.createElement("span");
  holder.className = "map-pin__box";
  holder.innerHTML = '<svg class="map-pin__shape" viewBox="0 0 34 42" aria-hidden="true">'
    + '<path d="M17 1a15 15 0 0 1 15 15c0 10.5-11.6 17.8-15 25C13.6 33.8 2 26.5 2 16A15 15 0 0 1 17 1Z"/>'
    + '<circle class="map-pick__eye" cx="17" cy="16" r="5.5"/></svg>';
  return holder;
}

// Where am I: the position is drawn and told to this page only; nothing is sent anywhere.

import { addButton, contextOf, say } from "./frame.js";

export function addLocateButton(map) {
  const { words } = contextOf(map);
  if (!navigator.geolocation) return;
  const mark = L.layerGroup().addTo(map);
  const button = addButton(map, {
    position: "topright",
    label: words.locate,
    className: "map-button--locate",
    onClick: () => {
      button.setAttribute("aria-busy", "true");
      say(map, words.locating, { kind: "busy" });
      navigator.geolocation.getCurrentPosition(
        (position) => found(map, mark, button, position.coords),
        () => missed(map, button),
        { enableHighAccuracy: true, timeout: 12000, maximumAge: 60000 },
      );
    },
  });
}

function found(map, mark, button, { longitude, latitude, accuracy }) {
  const { words, view, home } = contextOf(map);
  button.removeAttribute("aria-busy");
  const here = L.latLng(latitude, longitude);
  if (!home.pad(0.25).contains(here)) {
    say(map, words.outside, { kind: "error" });
    return;
  }
  mark.clearLayers();
  const circle = { radius: accuracy, interactive: false, className: "map-radius", pane: "map-casing" };
  L.circle(here, circle).addTo(mark);
  const icon = L.divIcon({ className: "map-here map-state-place", iconSize: [20, 20] });
  L.marker(here, { icon, interactive: false, keyboard: false, alt: "" }).addTo(mark);
  map.setView(here, Math.max(map.getZoom(), 15));
  say(map, words.located);
  const detail = { lon: Number(longitude.toFixed(5)), lat: Number(latitude.toFixed(5)), accuracyM: accuracy };
  view.dispatchEvent(new CustomEvent("machipika:located", { bubbles: true, detail }));
}

function missed(map, button) {
  button.removeAttribute("aria-busy");
  say(map, contextOf(map).words.notLocated, { kind: "error" });
}

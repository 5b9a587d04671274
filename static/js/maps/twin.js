// The list is the map's twin: rows with data-feature-id bring their feature out, buttons with
// data-show-on-map (an id, or none inside such a row) move the map to it.

import { allContexts, contextOf, fill, say, showBounds } from "./frame.js";
import { highlight } from "./picking.js";

export function watchTwins() {
  const mark = (event, on) => {
    const row = event.target.closest?.("[data-feature-id]");
    if (!row) return;
    if (!on && row.contains(event.relatedTarget)) return;
    allContexts().forEach(({ map }) => highlight(map, on ? row.dataset.featureId : null));
  };
  for (const name of ["mouseover", "focusin"]) document.addEventListener(name, (e) => mark(e, true));
  for (const name of ["mouseout", "focusout"]) document.addEventListener(name, (e) => mark(e, false));
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-show-on-map]");
    if (button && showOnMap(button)) event.preventDefault();
  });
}

function showOnMap(button) {
  const id = button.dataset.showOnMap || button.closest("[data-feature-id]")?.dataset.featureId;
  for (const { map } of allContexts()) {
    const entry = contextOf(map).layers.map((layer) => layer.entries.get(id)).find(Boolean);
    if (entry) {
      goTo(map, entry);
      return true;
    }
  }
  return goToPlace(button.dataset);
}

function goTo(map, entry) {
  bringIntoView(map);
  showBounds(map, entry.bounds, entry.paths.length ? 16 : 14.5); // a point keeps names around it
  highlight(map, entry.id);
  say(map, fill(contextOf(map).words.shown, entry));
  const target = entry.pin?.getElement() ?? map.getContainer();
  target.focus({ preventScroll: true });
}

/** A feature the map has not loaded yet, told by data-lon and data-lat. */
function goToPlace({ lon, lat }) {
  const [context] = allContexts();
  if (!context || !lon || !lat) return false;
  bringIntoView(context.map);
  context.map.setView([Number(lat), Number(lon)], Math.max(context.map.getZoom(), 15));
  context.view.focus({ preventScroll: true });
  return true;
}

function bringIntoView(map) {
  const { view, calm } = contextOf(map);
  view.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
}

// Scrolling the page matters more than moving the map. On touch screens one finger scrolls the
// page and two move the map, until the person asks for the map: by its button or by a tap on
// it. It is given back by the button, by a tap elsewhere, or when the map leaves the screen.
// With a mouse dragging is always on; the wheel zooms only after a click, or with Ctrl.
// Full-page maps (data-gestures="free") start unlocked.

import { addButton, contextOf } from "./frame.js";

const HINT_MS = 1600;

export function watchGestures(map) {
  const { view, words } = contextOf(map);
  const touch = matchMedia("(pointer: coarse)").matches;
  const context = contextOf(map);
  const button = touch ? moveButton(map, words) : null;

  context.release = (free) => {
    view.dataset.free = String(free);
    map.scrollWheelZoom[free ? "enable" : "disable"]();
    if (!touch) return;
    map.dragging[free ? "enable" : "disable"]();
    button.setAttribute("aria-pressed", String(free));
  };
  context.isFree = () => view.dataset.free === "true";
  context.release(view.dataset.gestures === "free");

  map.on("click", () => context.release(true));
  const outside = (event) => {
    if (!context.frame?.contains(event.target)) context.release(false);
  };
  document.addEventListener("pointerdown", outside, { passive: true });
  const seen = new IntersectionObserver(([entry]) => {
    if (!entry.isIntersecting && view.dataset.gestures !== "free") context.release(false);
  });
  seen.observe(view);
  watchHints(map, touch);
  map.on("unload", () => {
    document.removeEventListener("pointerdown", outside);
    seen.disconnect();
  });
}

function moveButton(map, words) {
  return addButton(map, {
    position: "topright",
    label: words.move,
    className: "map-button--move",
    onClick: () => contextOf(map).release(!contextOf(map).isFree()),
  });
}

function watchHints(map, touch) {
  const { view, words, isFree } = contextOf(map);
  const hint = L.DomUtil.create("p", "map-hint", view);
  hint.setAttribute("aria-hidden", "true");
  hint.textContent = touch ? words.twoFingers : words.wheel;
  let timer = 0;
  const show = () => {
    hint.classList.add("is-shown");
    clearTimeout(timer);
    timer = setTimeout(() => hint.classList.remove("is-shown"), HINT_MS);
  };
  view.addEventListener("touchmove", (event) => {
    if (event.touches.length === 1 && !isFree()) show();
  }, { passive: true });
  view.addEventListener("wheel", (event) => {
    if (isFree()) return;
    if (event.ctrlKey || event.metaKey) zoomByWheel(map, event);
    else show();
  }, { passive: false });
}

function zoomByWheel(map, event) {
  event.preventDefault();
  const now = performance.now();
  if (now - (map.machipika.lastWheel ?? 0) < 180) return;
  map.machipika.lastWheel = now;
  const step = event.deltaY < 0 ? 1 : -1;
  map.setZoomAround(map.mouseEventToContainerPoint(event), map.getZoom() + step);
}

// Scrolling the page matters more than moving the map. On touch screens one finger scrolls the
// page and two move the map, until the person asks for the map: by its button or by a tap on
// it. It is given back by the button, by a tap elsewhere, or when the map leaves the screen.
// With a mouse dragging is always on; the wheel zooms only after a click, or with Ctrl.
// Full-page maps (data-gestures="free") start unlocked.

import { addButton, contextOf } from "./frame.js";

const HINT_MS = 2400;
const HINT_KEY = "machipika-map-hint";

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
  const giveBack = () => context.release(view.dataset.gestures === "free");
  giveBack();

  map.on("click", () => context.release(true));
  const outside = (event) => {
    if (!context.frame?.contains(event.target)) giveBack();
  };
  document.addEventListener("pointerdown", outside, { passive: true });
  const seen = new IntersectionObserver(([entry]) => {
    if (!entry.isIntersecting) giveBack();
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

/** Say once per visit how the map is moved; each scroll over a map would be a nuisance. */
function watchHints(map, touch) {
  const { view, words, isFree } = contextOf(map);
  const show = () => {
    if (!firstTime()) return;
    const hint = L.DomUtil.create("p", "map-hint", view);
    hint.setAttribute("aria-hidden", "true");
    hint.textContent = touch ? words.twoFingers : words.wheel;
    setTimeout(() => hint.remove(), HINT_MS);
  };
  const fingers = (event) => {
    if (event.touches.length === 1 && !isFree()) show();
  };
  const wheel = (event) => {
    if (isFree()) return;
    if (event.ctrlKey || event.metaKey) zoomByWheel(map, event);
    else show();
  };
  view.addEventListener("touchmove", fingers, { passive: true });
  view.addEventListener("wheel", wheel, { passive: false });
  // A tap focuses the map too; the ring is for the keyboard.
  view.addEventListener("pointerdown", () => view.setAttribute("data-by-pointer", ""));
  view.addEventListener("keydown", () => view.removeAttribute("data-by-pointer"));
  view.addEventListener("blur", () => view.removeAttribute("data-by-pointer"));
}

function firstTime() {
  try {
    if (sessionStorage.getItem(HINT_KEY)) return false;
    sessionStorage.setItem(HINT_KEY, "1");
  } catch {
    return false; // storage is closed: better no hint than one at every scroll
  }
  return true;
}

function zoomByWheel(map, event) {
  event.preventDefault();
  const now = performance.now();
  if (now - (map.machipika.lastWheel ?? 0) < 180) return;
  map.machipika.lastWheel = now;
  const step = event.deltaY < 0 ? 1 : -1;
  map.setZoomAround(map.mouseEventToContainerPoint(event), map.getZoom() + step);
}

// Comfort for the log form: きょう/きのう, more litter rows, and a drawing map that follows the area.
// Without this file the form asks for the same things.
import { allContexts } from "./maps/frame.js";

const form = document.querySelector(".log-form");

// --- the day ---------------------------------------------------------------------------------------

const day = form?.elements.namedItem("date");

function markDay() {
  for (const button of form.querySelectorAll("[data-set-date]")) {
    button.setAttribute("aria-pressed", String(button.dataset.setDate === day.value));
  }
}

form?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-set-date]");
  if (!button) return;
  day.value = button.dataset.setDate;
  day.dispatchEvent(new Event("input", { bubbles: true }));
  markDay();
});
day?.addEventListener("input", markDay);
if (day) markDay();

// --- litter rows -----------------------------------------------------------------------------------

function addRow(list) {
  const rows = list.querySelectorAll(".litter__row");
  if (rows.length >= Number(list.dataset.litterMax)) return null;
  const row = rows[rows.length - 1].cloneNode(true);
  row.querySelectorAll(".field__error").forEach((message) => message.remove());
  for (const element of row.querySelectorAll("[id], [for]")) {
    for (const name of ["id", "for", "name"]) {
      const value = element.getAttribute(name);
      if (value) element.setAttribute(name, value.replace(/^litter-\d+/, `litter-${rows.length}`));
    }
    element.removeAttribute("aria-invalid");
    element.removeAttribute("aria-describedby");
  }
  row.querySelector("input").value = "";
  row.setAttribute("aria-label", row.getAttribute("aria-label").replace(/\d+/, rows.length + 1));
  list.append(row);
  return row;
}

form?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-litter-add]");
  if (!button) return;
  const list = form.querySelector("[data-litter]");
  addRow(list)?.querySelector("select").focus();
  button.hidden = list.querySelectorAll(".litter__row").length >= Number(list.dataset.litterMax);
});

// --- the drawing map follows the chosen area -------------------------------------------------------

const area = form?.elements.namedItem("area");
let outline = null;

function drawingMap() {
  const context = allContexts().find(({ view }) => form.contains(view));
  return context?.view.clientWidth ? context.map : null;
}

function showArea() {
  const map = drawingMap();
  const box = area.selectedOptions[0]?.dataset.box?.split(",").map(Number);
  if (!map || !box) return;
  map.invalidateSize({ animate: false, pan: false });
  const corners = [[box[1], box[0]], [box[3], box[2]]];
  map.fitBounds(corners, { padding: [28, 28], maxZoom: 17, animate: false });
}

/** The chosen area stands out from those around it. Without it the map works all the same. */
async function outlineArea() {
  const map = drawingMap();
  if (!map || !area.value) return;
  const response = await fetch(`/layers/area/${encodeURIComponent(area.value)}`);
  if (!response.ok) return;
  const features = await response.json();
  outline?.remove();
  const look = { className: "log-outline", pane: "map-names", interactive: false, pmIgnore: true };
  outline = L.geoJSON(features, look);
  outline.addTo(map);
}

function follow() {
  showArea();
  outlineArea();
}

// Somebody of two partners chooses an area under one of their names: that is the partner meant.
area?.addEventListener("change", () => {
  const group = area.selectedOptions[0]?.parentElement;
  const partner = form.elements.namedItem("partner");
  if (!(group instanceof HTMLOptGroupElement) || !partner?.options) return;
  const meant = [...partner.options].find((option) => option.text === group.label);
  if (meant) partner.value = meant.value;
});

// Something drawn is what the map should show; an area chosen afterwards wins over it.
area?.addEventListener("change", follow);

// The map is measured when the folded part opens: wait until it has been.
function opened() {
  const drawn = form.elements.namedItem("geometry").value;
  requestAnimationFrame(() => setTimeout(drawn ? outlineArea : follow));
}
form?.querySelector("[data-log-more]")?.addEventListener("toggle", (event) => {
  if (event.target.open) opened();
});

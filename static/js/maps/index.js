// Maps: the one script a page with a map links. Recipes (/maps/<name>.js, compiled by Folium)
// push themselves to `machipikaMaps`; elements with data-map wait for the recipe of their name.

import { createMap, destroyMap } from "./frame.js";
import { addLand, addTiles } from "./ground.js";
import { addLayer } from "./layer.js";
import { addLocateButton } from "./locate.js";
import { addPointPicker } from "./picker.js";
import { watchTwins } from "./twin.js";

const recipes = new Map();
const tools = {
  create: createMap,
  addLand,
  addTiles,
  addLayer,
  addLocateButton,
  addPointPicker,
  // Drawing brings its own module and Geoman; only pages that draw pay for it.
  addDrawTools: (map) => import("./draw.js").then(({ addDrawTools }) => addDrawTools(map)),
};

function start(view) {
  const recipe = recipes.get(view.dataset.map);
  if (!recipe || view.dataset.ready) return;
  view.dataset.ready = "true";
  recipe(tools, view);
}

function startAll(root = document) {
  root.querySelectorAll("[data-map]").forEach(start);
}

function define([name, recipe]) {
  recipes.set(name, recipe);
  startAll();
}

const waiting = globalThis.machipikaMaps ?? [];
globalThis.machipikaMaps = { push: define };
waiting.forEach(define);

watchTwins();
// Fragments may bring a map, or take one away.
document.addEventListener("htmx:after:swap", () => {
  destroyMap((view) => !view.isConnected);
  startAll();
});

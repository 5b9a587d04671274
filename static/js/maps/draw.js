// Draw lines or areas into the textarea named by data-target, as GeoJSON. Geoman does the
// vertices; the buttons, words, undo and keyboard way (crosshair and 「まん中に点を打つ」) are ours.

import { contextOf, fill, say, showBounds } from "./frame.js";
import { addToolbar, showTools } from "./drawbar.js";
import { areaM2, areaText, lengthM, lengthText } from "./measure.js";

const DECIMALS = 7;
const KINDS = { line: "Line", polygon: "Polygon" };

export function addDrawTools(map) {
  const context = contextOf(map);
  const { view } = context;
  const tool = {
    map,
    context,
    target: document.querySelector(view.dataset.target || "textarea[name=geometry]"),
    kinds: (view.dataset.draw || "line polygon").split(/\s+/),
    group: L.featureGroup().addTo(map),
    mode: null,
    history: [],
    last: "",
  };
  context.onTap = () => {}; // context areas never open while drawing
  map.pm.setGlobalOptions({
    layerGroup: tool.group,
    tooltips: false,
    snapDistance: 14,
    cursorMarker: matchMedia("(pointer: fine)").matches,
    templineStyle: { className: "map-drawn" },
    hintlineStyle: { className: "map-drawn is-hint", dashArray: "4 8" },
    pathOptions: { className: "map-drawn", pmIgnore: false },
  });
  L.DomUtil.create("div", "map-crosshair", view).setAttribute("aria-hidden", "true");
  addToolbar(tool, actionsOf(tool));
  watch(tool);
  restore(tool, tool.target?.value ?? "");
  if (tool.group.getLayers().length) showBounds(map, tool.group.getBounds(), 17);
  setMode(tool, null);
}

function actionsOf(tool) {
  const { map } = tool;
  return {
    line: () => start(tool, "line"),
    polygon: () => start(tool, "polygon"),
    edit: () => setMode(tool, tool.mode === "edit" ? null : "edit"),
    erase: () => setMode(tool, tool.mode === "erase" ? null : "erase"),
    point: () => map.fire("click", { latlng: map.getCenter() }),
    finish: () => map.pm.Draw[KINDS[tool.mode]]._finishShape(),
    cancel: () => setMode(tool, null),
    undo: () => undo(tool),
  };
}

function start(tool, kind) {
  if (tool.mode === kind) return;
  const { words } = tool.context;
  const other = kind === "line" ? "polygon" : "line";
  if (shapesOf(tool, other).length) {
    say(tool.map, words.noMixing, { kind: "error" });
    return;
  }
  setMode(tool, kind);
}

function setMode(tool, mode) {
  const { map, context } = tool;
  tool.mode = null; // ending a drawing fires events that must find no mode
  map.pm.disableDraw();
  layersOf(tool).forEach((layer) => layer.pm.disable());
  tool.mode = mode;
  const drawing = mode in KINDS;
  map.doubleClickZoom[mode ? "disable" : "enable"]();
  if (mode) context.release(true);
  if (drawing) map.pm.enableDraw(KINDS[mode]);
  if (mode === "edit") layersOf(tool).forEach((layer) => layer.pm.enable({ draggable: false }));
  context.view.dataset.drawing = String(drawing);
  say(map, context.words[`draw_${mode ?? (layersOf(tool).length ? "done" : "start")}`]);
  refresh(tool);
}

function watch(tool) {
  const { map } = tool;
  map.on("pm:create", ({ layer }) => {
    adopt(tool, layer);
    changed(tool);
    setMode(tool, null);
  });
  map.on("pm:drawstart", ({ workingLayer }) => {
    tool.working = workingLayer;
    workingLayer.on("pm:vertexadded pm:vertexremoved", () => refresh(tool));
  });
  map.on("pm:drawend", () => {
    tool.working = null;
    if (tool.mode in KINDS) setTimeout(() => tool.mode in KINDS && setMode(tool, null));
  });
  tool.target?.addEventListener("change", (event) => {
    if (!event.detail?.own && tool.target.value !== tool.last) restore(tool, tool.target.value);
  });
}

/** Take a shape into our care: taps erase it in that mode, edits are written down. */
function adopt(tool, layer) {
  tool.group.addLayer(layer);
  layer.on("click", (event) => {
    if (tool.mode !== "erase") return;
    L.DomEvent.stopPropagation(event);
    tool.group.removeLayer(layer);
    changed(tool);
    if (!layersOf(tool).length) setMode(tool, null);
  });
  layer.on("pm:edit pm:vertexremoved", () => changed(tool));
  layer.on("pm:remove", () => changed(tool));
}

const layersOf = (tool) => tool.group.getLayers();

function shapesOf(tool, kind) {
  const isArea = kind === "polygon";
  return layersOf(tool).filter((layer) => layer instanceof L.Polygon === isArea);
}

/** What is drawn, as one GeoJSON geometry, or "" when nothing is. */
function geometryText(tool) {
  const kind = shapesOf(tool, "polygon").length ? "polygon" : "line";
  const shapes = shapesOf(tool, kind).map((layer) => layer.toGeoJSON(DECIMALS).geometry);
  const parts = shapes.flatMap(({ type, coordinates }) =>
    type.startsWith("Multi") ? coordinates : [coordinates]);
  if (!parts.length) return "";
  const name = kind === "polygon" ? "Polygon" : "LineString";
  const many = parts.length > 1;
  return JSON.stringify({ type: many ? `Multi${name}` : name, coordinates: many ? parts : parts[0] });
}

function changed(tool) {
  const text = geometryText(tool);
  if (text === tool.last) return;
  tool.history.push(tool.last);
  write(tool, text);
}

function write(tool, text) {
  tool.last = text;
  if (tool.target) {
    tool.target.value = text;
    tool.target.dispatchEvent(new Event("input", { bubbles: true }));
    tool.target.dispatchEvent(new CustomEvent("change", { bubbles: true, detail: { own: true } }));
  }
  refresh(tool);
}

function undo(tool) {
  if (tool.mode in KINDS && vertices(tool).length) {
    tool.map.pm.Draw[KINDS[tool.mode]]._removeLastVertex();
    refresh(tool);
    return;
  }
  if (!tool.history.length) return;
  const text = tool.history.pop();
  setMode(tool, null);
  restore(tool, text);
  write(tool, text);
}

/** Draw what a text says; a text we cannot read is left alone for the server to explain. */
function restore(tool, text) {
  let geometry = null;
  try {
    geometry = text.trim() ? JSON.parse(text) : null;
  } catch {
    return;
  }
  tool.group.clearLayers();
  tool.last = text;
  for (const [kind, coordinates] of partsOf(geometry)) {
    const options = { className: "map-drawn", pmIgnore: false };
    const latlngs = L.GeoJSON.coordsToLatLngs(coordinates, kind === "polygon" ? 1 : 0);
    adopt(tool, kind === "polygon" ? L.polygon(latlngs, options) : L.polyline(latlngs, options));
  }
  refresh(tool);
}

function partsOf(geometry) {
  const { type = "", coordinates = [] } = geometry ?? {};
  const kind = type.endsWith("Polygon") ? "polygon" : "line";
  if (!["LineString", "MultiLineString", "Polygon", "MultiPolygon"].includes(type)) return [];
  return (type.startsWith("Multi") ? coordinates : [coordinates]).map((part) => [kind, part]);
}

const vertices = (tool) => tool.working?.getLatLngs().flat() ?? [];

function refresh(tool) {
  const drawing = tool.mode in KINDS;
  showTools(tool, {
    drawing,
    canFinish: vertices(tool).length >= (tool.mode === "polygon" ? 3 : 2),
    canUndo: drawing ? vertices(tool).length > 0 : tool.history.length > 0,
    any: layersOf(tool).length > 0,
    text: measured(tool),
  });
}

function measured(tool) {
  const { words } = tool.context;
  const working = vertices(tool);
  const areas = shapesOf(tool, "polygon").map((layer) => layer.getLatLngs());
  if (tool.mode === "polygon" && working.length > 2) areas.push([working]);
  if (areas.length) {
    const total = areas.reduce((sum, [outer, ...holes]) =>
      sum + areaM2(outer) - holes.reduce((hole, ring) => hole + areaM2(ring), 0), 0);
    return fill(words.area, { value: areaText(total) });
  }
  const ways = shapesOf(tool, "line").map((layer) => layer.getLatLngs());
  if (tool.mode === "line") ways.push(working);
  const metres = ways.reduce((sum, way) => sum + lengthM(way), 0);
  return metres ? fill(words.length, { value: lengthText(metres) }) : "";
}

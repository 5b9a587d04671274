// The buttons of the drawing tools: 44 px, in words, one set while drawing and one while not.

const WHILE_DRAWING = ["point", "finish", "cancel"];
const OTHERWISE = ["line", "polygon", "edit", "erase"];

export function addToolbar(tool, actions) {
  const { frame, words } = tool.context;
  const bar = frame.querySelector("[data-map-tools]");
  tool.buttons = {};
  for (const name of [...OTHERWISE, ...WHILE_DRAWING, "undo"]) {
    if (["line", "polygon"].includes(name) && !tool.kinds.includes(name)) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = `map-tool map-tool--${name}`;
    button.textContent = words[`tool_${name}`];
    button.addEventListener("click", actions[name]);
    tool.buttons[name] = button;
    bar.append(button);
  }
  tool.output = document.createElement("output");
  tool.output.className = "map-measure";
  bar.append(tool.output);
}

/** Show what can be done now. Disabled buttons keep their place, so nothing jumps. */
export function showTools(tool, { drawing, canFinish, canUndo, any, text }) {
  const { buttons, output, mode } = tool;
  for (const name of WHILE_DRAWING) buttons[name].hidden = !drawing;
  for (const name of OTHERWISE) if (buttons[name]) buttons[name].hidden = drawing;
  buttons.finish.disabled = !canFinish;
  buttons.undo.disabled = !canUndo;
  for (const name of ["edit", "erase"]) {
    buttons[name].disabled = !any;
    buttons[name].setAttribute("aria-pressed", String(mode === name));
  }
  if (output.textContent !== text) output.textContent = text;
}

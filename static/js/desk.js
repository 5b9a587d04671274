// The queue by keyboard. Single-letter keys work only while the focus is inside the list, and can be
// switched off (WCAG 2.1.4); everything they do is a link, a checkbox or a button that Tab reaches.

const KEYS_OFF = "machipika.desk.keys-off";

function keysAreOn() {
  try {
    return localStorage.getItem(KEYS_OFF) === null;
  } catch {
    return true;   // storage may be forbidden; the keys then stay on for this page
  }
}

function rowsOf(list) {
  return [...list.querySelectorAll("[data-desk-row]")];
}

function focusRow(row) {
  const link = row?.querySelector("[data-desk-open]");
  link?.focus();
  link?.scrollIntoView({ block: "nearest" });
}

function step(list, row, by) {
  const rows = rowsOf(list);
  focusRow(rows[Math.min(rows.length - 1, Math.max(0, rows.indexOf(row) + by))]);
}

function tick(row) {
  const box = row.querySelector("input[type=checkbox]");
  box.checked = !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

function showKeys() {
  const help = document.getElementById("keys");
  help.open = true;
  help.querySelector("summary").focus();
}

const LETTERS = {
  j: (list, row) => step(list, row, 1),
  k: (list, row) => step(list, row, -1),
  x: (list, row) => tick(row),
  a: (list, row) => row.querySelector("[data-desk-take]")?.click(),
  "?": showKeys,
};
const ARROWS = { ArrowDown: LETTERS.j, ArrowUp: LETTERS.k };

document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.("[data-desk-row]");
  if (!row || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  const act = ARROWS[event.key] ?? (keysAreOn() ? LETTERS[event.key] : undefined);
  if (!act) return;
  event.preventDefault();
  act(row.closest("[data-desk-list]"), row);
});

document.addEventListener("change", (event) => {
  const box = event.target;
  if (box.matches?.("[data-desk-keys]")) {
    try {
      if (box.checked) localStorage.removeItem(KEYS_OFF);
      else localStorage.setItem(KEYS_OFF, "1");
    } catch {
      // nothing to remember it in
    }
    return;
  }
  const form = box.closest?.("[data-desk]");
  if (!form) return;
  const all = form.querySelector("[data-desk-all]");
  const ticks = [...form.querySelectorAll("[data-desk-row] input[type=checkbox]")];
  if (box === all) for (const one of ticks) one.checked = all.checked;
  const chosen = ticks.filter((one) => one.checked).length;
  all.checked = chosen === ticks.length;
  all.indeterminate = chosen > 0 && chosen < ticks.length;
});

// A swap takes the focused thing away. Focus goes to what stands in its place: the same control, or
// the row that has moved up.
let left = null;

document.addEventListener("htmx:before:swap", () => {
  const focused = document.activeElement;
  const row = focused?.closest?.("[data-desk-row]");
  left = focused?.id ? { id: focused.id, index: row ? rowsOf(row.parentElement).indexOf(row) : -1 } : null;
});

function putFocusBack() {
  if (!left || document.activeElement !== document.body) return;
  const same = document.getElementById(left.id);
  const list = document.querySelector("[data-desk-list]");
  if (same) same.focus();
  else if (list && left.index >= 0) focusRow(rowsOf(list)[left.index] ?? rowsOf(list).at(-1));
  left = null;
}

function refresh() {
  const box = document.querySelector("[data-desk-keys]");
  if (box) box.checked = keysAreOn();
  putFocusBack();
}
document.addEventListener("htmx:after:swap", refresh);
refresh();

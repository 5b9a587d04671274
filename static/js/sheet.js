// The bottom sheet: opens when something is put into #sheet, closes by its button or Escape.
// It is not modal: the map behind it stays usable. Focus goes in and comes back.
const body = document.getElementById("sheet");
const frame = body?.closest("[data-sheet]");
let opener = null;

/** Shows the sheet and moves focus to its heading. */
export function openSheet() {
  if (!frame) return;
  if (frame.hidden) {
    opener = document.activeElement;
    frame.hidden = false;
  }
  frame.scrollTop = 0;
  const heading = body.querySelector("[data-focus], h1, h2, h3") ?? body;
  heading.removeAttribute("data-focus");
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

function closeSheet() {
  frame.hidden = true;
  body.replaceChildren();
  if (opener?.isConnected) opener.focus();
  opener = null;
}

if (frame) {
  new MutationObserver(() => {
    if (body.firstElementChild) openSheet();
  }).observe(body, { childList: true });

  frame.addEventListener("click", (event) => {
    if (event.target.closest("[data-sheet-close]")) closeSheet();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !frame.hidden && !document.querySelector("dialog[open]")) closeSheet();
  });
}

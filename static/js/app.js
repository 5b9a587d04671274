// What the browser has to do itself. Every page works without this file; each part adds comfort only.
import "./forms.js";
import { openSheet } from "./sheet.js";
import { locate } from "./locate.js";
import { share } from "./share.js";
import { toast, say } from "./toast.js";

/** Moves focus to the first [data-focus] in what has just arrived, so that nobody has to search for it. */
function focusArrived(root) {
  const target = root.querySelector?.("[data-focus]");
  if (!target) return;
  if (!target.hasAttribute("tabindex")) target.tabIndex = -1;
  target.focus();
  target.scrollIntoView({ block: "nearest" });
  target.removeAttribute("data-focus");   // once: a later swap elsewhere must not steal focus again
}

/** Buttons that only make sense with a script start hidden. */
function reveal(root) {
  for (const element of root.querySelectorAll("[data-needs-script][hidden]")) element.hidden = false;
}

function arrived() {
  reveal(document);
  focusArrived(document);
}

document.addEventListener("htmx:after:swap", arrived);

document.addEventListener("htmx:error", (event) => {
  if (event.detail.ctx) say("unreachable");
});
document.addEventListener("htmx:response:error", (event) => {
  if ([502, 503, 504].includes(event.detail.ctx.response.status)) say("unreachable");
});

document.addEventListener("click", (event) => {
  const sharing = event.target.closest("[data-share-url]");
  if (sharing) share(sharing);
  const locating = event.target.closest("[data-locate]");
  if (locating) locate(locating);
});

// The compact staff menu closes when one leaves it.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

function showConnection() {
  document.getElementById("offline").hidden = navigator.onLine;
}
window.addEventListener("online", showConnection);
window.addEventListener("offline", showConnection);
showConnection();
arrived();

// For other modules of ours (maps) that are loaded as plain scripts.
window.machipika = { openSheet, toast };

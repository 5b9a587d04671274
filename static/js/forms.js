// Comfort for forms: − and + buttons, the weekday of a date, one submit per press, questions before acts.

// --- numbers -------------------------------------------------------------------------------------

function bounds(input) {
  const low = input.min === "" ? 0 : Number(input.min);
  const high = input.max === "" ? Infinity : Number(input.max);
  return { low, high };
}

function refreshNumber(group) {
  const input = group.querySelector("input");
  const { low, high } = bounds(input);
  const value = Number(input.value);
  for (const button of group.querySelectorAll("[data-step]")) {
    const atEnd = Number(button.dataset.step) < 0 ? value <= low : value >= high;
    button.setAttribute("aria-disabled", String(atEnd));   // not disabled: focus would be lost under the finger
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step]");
  if (!button) return;
  const group = button.closest("[data-number]");
  const input = group.querySelector("input");
  const { low, high } = bounds(input);
  const next = (Number(input.value) || 0) + Number(button.dataset.step);
  input.value = String(Math.min(high, Math.max(low, next)));
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new Event("change", { bubbles: true }));
});

// --- weekday beside a date -------------------------------------------------------------------------

const weekday = new Intl.DateTimeFormat("ja-JP", { month: "long", day: "numeric", weekday: "short", timeZone: "UTC" });

function refreshWeekday(input) {
  const output = document.getElementById(input.dataset.weekday);
  const date = input.valueAsDate;
  if (output) output.textContent = date ? weekday.format(date) : "";
}

document.addEventListener("input", (event) => {
  const group = event.target.closest?.("[data-number]");
  if (group) refreshNumber(group);
  if (event.target.matches?.("[data-weekday]")) refreshWeekday(event.target);
});

function refreshAll() {
  document.querySelectorAll("[data-number]").forEach(refreshNumber);
  document.querySelectorAll("[data-weekday]").forEach(refreshWeekday);
}
document.addEventListener("htmx:after:swap", refreshAll);
refreshAll();

// --- what would be lost: <form data-unsaved> asks before the page is left ---------------------------------

const told = (form) => new URLSearchParams(new FormData(form)).toString();
const opened = new Map();   // form → what it said at first
for (const form of document.querySelectorAll("form[data-unsaved]")) opened.set(form, told(form));
document.addEventListener("submit", (event) => opened.delete(event.target));
window.addEventListener("beforeunload", (event) => {
  for (const [form, first] of opened) if (told(form) !== first) event.preventDefault();
});

// --- one submit per press ----------------------------------------------------------------------------

// The button is disabled after the browser has collected the form, or its own name and value would be lost.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  const button = event.submitter;
  if (!button) return;
  setTimeout(() => {
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
  });
});

// Back button: the page comes from memory with the button still disabled.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const button of document.querySelectorAll("button[aria-busy]")) {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
});

// htmx sends the form itself: hold the button for as long as its request runs.
document.addEventListener("htmx:before:request", (event) => {
  const button = event.detail.ctx.request.submitter;
  if (button) button.setAttribute("aria-busy", "true");
});
document.addEventListener("htmx:finally:request", (event) => {
  event.detail.ctx.request.submitter?.removeAttribute("aria-busy");
});
document.addEventListener("click", (event) => {
  if (event.target.closest("button[aria-busy='true'], button[aria-disabled='true']")) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);

// --- questions before acts: data-confirm on a button or link, or hx-confirm ------------------------------

const dialog = document.getElementById("confirm");
let confirmed = null;

/** Asks in our own dialog; resolves to true for yes. The text of the yes button can be given. */
function ask(text, yes) {
  dialog.querySelector("#confirm-text").textContent = text;
  const label = dialog.querySelector("[data-yes] span");
  label.dataset.usual ??= label.textContent;
  label.textContent = yes || label.dataset.usual;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

document.addEventListener("click", async (event) => {
  const source = event.target.closest("[data-confirm]");
  if (!source) return;
  if (confirmed === source) {   // our own second click, after the yes
    confirmed = null;
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  if (await ask(source.dataset.confirm, source.dataset.confirmYes)) {
    confirmed = source;
    source.click();
  }
}, true);

document.addEventListener("htmx:confirm", async (event) => {
  const { ctx, issueRequest, dropRequest } = event.detail;
  if (!ctx.confirm) return;
  event.preventDefault();
  if (await ask(ctx.confirm, ctx.sourceElement.dataset.confirmYes)) issueRequest();
  else dropRequest();
});

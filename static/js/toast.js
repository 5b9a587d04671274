// One short message near the thumb. Its texts are data attributes of #toast, so that they are translated
// where all other texts are.
const SHOWN_MS = 6000;
const region = document.getElementById("toast");
let timer;

/** Shows a text for a while; screen readers hear it through the live region. */
export function toast(text) {
  clearTimeout(timer);
  region.textContent = text;
  timer = setTimeout(() => { region.textContent = ""; }, SHOWN_MS);
}

/** Shows one of the texts that base.html brings along, by name. */
export function say(name) {
  toast(region.dataset[name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())] ?? "");
}

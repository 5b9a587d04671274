// 来ました with the place: asks the phone once, puts the position into the form and sends it.
// Refused or failed, it says so beside the button; the button without the place works as before.
const TIMEOUT_MS = 8000;
const OLDEST_MS = 30000;
const DECIMALS = 4;   // about 10 m

const button = document.querySelector("[data-checkin-locate]");

function failed() {
  button.removeAttribute("aria-busy");
  document.querySelector("[data-checkin-denied]").hidden = false;
}

function found({ coords }) {
  const { form } = button;
  form.elements.lon.value = coords.longitude.toFixed(DECIMALS);
  form.elements.lat.value = coords.latitude.toFixed(DECIMALS);
  form.requestSubmit();
}

button?.addEventListener("click", () => {
  if (!navigator.geolocation) return failed();
  button.setAttribute("aria-busy", "true");
  navigator.geolocation.getCurrentPosition(found, failed, { timeout: TIMEOUT_MS, maximumAge: OLDEST_MS });
});

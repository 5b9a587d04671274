// "Near me": puts the position into the hidden lon/lat inputs of the button's form and sends the form.
import { say } from "./toast.js";

const TIMEOUT_MS = 10000;
const OLDEST_MS = 60000;
const DECIMALS = 4;   // about 10 m: enough for walking distance, and not somebody's front door

/** Asks the browser for the position; says in plain words what to do when it is refused. */
export function locate(button) {
  const form = button.form ?? button.closest("form");
  if (!navigator.geolocation) {
    say("locate-failed");
    return;
  }
  button.setAttribute("aria-busy", "true");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      button.removeAttribute("aria-busy");
      form.elements.lon.value = coords.longitude.toFixed(DECIMALS);
      form.elements.lat.value = coords.latitude.toFixed(DECIMALS);
      form.requestSubmit();
    },
    (error) => {
      button.removeAttribute("aria-busy");
      say(error.code === error.PERMISSION_DENIED ? "locate-denied" : "locate-failed");
    },
    { timeout: TIMEOUT_MS, maximumAge: OLDEST_MS },
  );
}

// Web Push on this device: ask the browser for a subscription and give it to the server.
const box = document.querySelector("[data-push]");

/** The server's key as the browser wants it: base64url to bytes. */
function bytes(text) {
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
}

/** Whether a subscription was made for the key that the server has now. */
function isCurrent(subscription) {
  const used = new Uint8Array(subscription.options.applicationServerKey ?? []);
  const wanted = bytes(box.dataset.key);
  return used.length === wanted.length && used.every((byte, n) => byte === wanted[n]);
}

async function tell(fields) {
  const answer = await fetch(box.dataset.address, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams(fields),
  });
  if (!answer.ok) throw new Error(`answer ${answer.status}`);
}

async function switchOn() {
  if ((await Notification.requestPermission()) !== "granted") return say("denied");
  const worker = await navigator.serviceWorker.register(box.dataset.worker, { scope: "/" });
  await navigator.serviceWorker.ready;
  let subscription = await worker.pushManager.getSubscription();
  if (subscription && !isCurrent(subscription)) {
    await subscription.unsubscribe();
    subscription = null;
  }
  subscription ??= await worker.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: bytes(box.dataset.key),
  });
  const { endpoint, keys } = subscription.toJSON();
  await tell({ endpoint, p256dh: keys.p256dh, auth: keys.auth });
  location.reload();
}

async function switchOff() {
  const worker = await navigator.serviceWorker.getRegistration("/");
  const subscription = await worker?.pushManager.getSubscription();
  if (!subscription) return show(false);
  await tell({ act: "off", endpoint: subscription.endpoint });
  await subscription.unsubscribe();
  location.reload();
}

function say(what) {
  box.querySelector("[data-push-says]").textContent = box.dataset[what];
}

function show(isOn) {
  box.querySelector("[data-push-on]").hidden = isOn;
  box.querySelector("[data-push-off]").hidden = !isOn;
}

function pressed(action) {
  return async (event) => {
    event.currentTarget.disabled = true;
    const button = event.currentTarget;
    try {
      await action();
    } catch {
      say("failed");
    } finally {
      button.disabled = false;
    }
  };
}

async function begin() {
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) return say("unsupported");
  const worker = await navigator.serviceWorker.getRegistration("/");
  const subscription = await worker?.pushManager.getSubscription();
  show(Boolean(subscription) && Notification.permission === "granted" && isCurrent(subscription));
  box.querySelector("[data-push-on]").addEventListener("click", pressed(switchOn));
  box.querySelector("[data-push-off]").addEventListener("click", pressed(switchOff));
}

if (box) begin();

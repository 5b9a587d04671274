// The service worker: shows what is pushed, and opens its page. Served at /sw.js.

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

/** What was sent, or something to say at all: a push must show a notification. */
function read(data) {
  try {
    return data.json();
  } catch {
    return { title: "まちピカ", body: "", url: "/me/notices", tag: "unreadable" };
  }
}

self.addEventListener("push", (event) => {
  const said = read(event.data);
  // The tag is the id of the message: one that comes again takes the place of the first.
  event.waitUntil(
    self.registration.showNotification(said.title, {
      body: said.body, tag: said.tag, lang: "ja", data: { url: said.url },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const target = new URL(event.notification.data?.url || "/me/notices", self.location.origin);
  if (target.origin !== self.location.origin) return;   // only ever to our own pages
  event.waitUntil(
    (async () => {
      const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
      const same = open.find((client) => client.url === target.href);
      await (same ? same.focus() : self.clients.openWindow(target.href));
    })(),
  );
});

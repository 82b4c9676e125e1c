/* Part of the service worker: a push says that there is something new and where to read it, and nothing else. */
"use strict";

self.addEventListener("push", function (event) {
  let told = {};
  try {
    told = event.data ? event.data.json() : {};
  } catch (error) {
    console.warn("A push that cannot be read", error);
  }
  event.waitUntil(
    self.registration.showNotification(told.text || self.location.hostname, {
      tag: "notes",
      renotify: true,
      data: { url: told.url || "/" },
    }),
  );
});

self.addEventListener("notificationclick", function (event) {
  event.notification.close();
  const wanted = new URL(event.notification.data.url, self.location.origin);
  // Never out of this site, whatever a push says.
  const url = wanted.origin === self.location.origin ? wanted.href : self.location.origin + "/";
  event.waitUntil(
    self.clients.matchAll({ type: "window" }).then(function (pages) {
      const open = pages.find((page) => page.url === url);
      return open ? open.focus() : self.clients.openWindow(url);
    }),
  );
});

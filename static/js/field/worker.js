/* The service worker: keeps the shell and the blank forms, so that the app opens without a network. /sw.js says what
   (self.shell: version, page, files) and loads this file.

   It keeps nothing about anybody: of what is fetched only the shell, its files and blank forms are ever put into a cache.
   A new version is taken whole or not at all; forms that were kept before come along. */
"use strict";

const { version, page, files } = self.shell;
const FAMILY = "childwelfare-shell-";
const CACHE = FAMILY + version;
const FORM = /^\/field\/forms\/[^/]+\/\d+\/$/;

/* A copy that is worth keeping: not the sign-in page in its place. */
async function fetched(address) {
  const response = await fetch(address, { cache: "no-cache", credentials: "same-origin" });
  if (!response.ok || response.redirected) {
    throw new Error(`${response.status} ${address}`);
  }
  return response;
}

async function install() {
  const cache = await caches.open(CACHE);
  await Promise.all([page, ...files].map(async (address) => cache.put(address, await fetched(address))));
  for (const name of await oldCaches()) {
    const old = await caches.open(name);
    for (const request of await old.keys()) {
      if (FORM.test(new URL(request.url).pathname)) {
        await cache.put(request.url, await fetched(request.url).catch(() => old.match(request)));
      }
    }
  }
  await self.skipWaiting();
}

async function oldCaches() {
  return (await caches.keys()).filter((name) => name.startsWith(FAMILY) && name !== CACHE);
}

async function activate() {
  await Promise.all((await oldCaches()).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function keepForms(addresses) {
  const cache = await caches.open(CACHE);
  async function keep(address) {
    const { origin, pathname } = new URL(address, self.location);
    if (origin === self.location.origin && FORM.test(pathname) && !(await cache.match(pathname))) {
      await cache.put(pathname, await fetched(pathname));
    }
  }
  await Promise.allSettled(addresses.map(keep)); // one that does not come keeps no other from coming
}

/* The reader has changed the language: the shell follows. */
async function speak(language) {
  const cache = await caches.open(CACHE);
  const shell = await cache.match(page);
  if (shell && shell.headers.get("Content-Language") !== language) {
    await cache.put(page, await fetched(page));
  }
}

/* What is kept first; else from the network. */
async function kept(address, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(address)) || fetch(request);
}

async function navigate(request, path) {
  if (path === page) {
    return kept(page, request);
  }
  try {
    return await fetch(request);
  } catch (problem) {
    const shell = await (await caches.open(CACHE)).match(page); // of a version that is not whole yet nothing is shown
    if (shell) {
      return shell;
    }
    throw problem;
  }
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("message", function (event) {
  const { forms, language, claim } = event.data || {};
  const work = forms ? keepForms(forms) : language ? speak(language) : claim ? self.clients.claim() : Promise.resolve();
  event.waitUntil(work.catch(() => undefined)); // told again with the next list, the next page
});
self.addEventListener("fetch", function (event) {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin) {
    return;
  }
  if (event.request.mode === "navigate") {
    event.respondWith(navigate(event.request, pathname));
  } else if (files.includes(pathname) || FORM.test(pathname)) {
    event.respondWith(kept(pathname, event.request));
  }
});

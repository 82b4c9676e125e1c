/* On every page of somebody who visits: the service worker is there for the day without a signal, and signing out closes
   what other windows of the phone have open. */
(function () {
  "use strict";
  if (window.isSecureContext && "serviceWorker" in navigator) {
    navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" }).catch(function () {
      /* a browser that allows none here: the pages work as ordinary forms */
    });
    navigator.serviceWorker.ready.then(function (registration) {
      registration.active.postMessage({ language: document.documentElement.lang });
    });
  }
  document.addEventListener("submit", function (event) {
    if (event.target.matches("form[action='/sign-out/']") && window.BroadcastChannel) {
      new BroadcastChannel("childwelfare-phone").postMessage("signed out");
    }
  });
})();

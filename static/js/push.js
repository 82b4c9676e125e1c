/* Letting this browser be woken by a note, on the page of notes: [data-push] holds the sender's public key, hidden where
   the browser cannot. Words are in data-off and data-on of [data-push-words] and [data-push-button]. */
(function () {
  "use strict";

  var box = document.querySelector("[data-push]");
  if (!box || !("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) {
    return;
  }
  var words = box.querySelector("[data-push-words]");
  var button = box.querySelector("[data-push-button]");
  var token = box.querySelector("[name=csrfmiddlewaretoken]").value;

  function bytes(text) {
    var raw = window.atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(raw, function (letter) { return letter.charCodeAt(0); });
  }

  function encoded(buffer) {
    var raw = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return window.btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function tell(address, values) {
    return fetch(address, { method: "POST", body: new URLSearchParams(values), headers: { "X-CSRFToken": token } });
  }

  function show(state) {
    var on = state === "on";
    words.textContent = words.dataset[state];
    button.textContent = button.dataset[on ? "on" : "off"];
    button.setAttribute("aria-pressed", String(on));
    box.hidden = false;
  }

  function begin(worker) {
    return worker.pushManager
      .subscribe({ userVisibleOnly: true, applicationServerKey: bytes(box.dataset.push) })
      .then(function (made) {
        return tell(box.dataset.pushBegin, {
          endpoint: made.endpoint,
          p256dh: encoded(made.getKey("p256dh")),
          auth: encoded(made.getKey("auth"))
        }).then(function (answer) {
          if (answer.status === 204) {
            return "on";
          }
          return made.unsubscribe().then(function () { return "failed"; });
        });
      })
      .catch(function () {
        return Notification.permission === "denied" ? "blocked" : "failed";
      });
  }

  function end(made) {
    return tell(box.dataset.pushEnd, { endpoint: made.endpoint })
      .then(function () { return made.unsubscribe(); })
      .then(function () { return "off"; });
  }

  navigator.serviceWorker.ready.then(function (worker) {
    return worker.pushManager.getSubscription().then(function (made) {
      show(made ? "on" : "off");
      button.addEventListener("click", function () {
        button.disabled = true;
        worker.pushManager.getSubscription()
          .then(function (there) { return there ? end(there) : begin(worker); })
          .catch(function () { return "failed"; })
          .then(show)
          .then(function () { button.disabled = false; });
      });
    });
  });
})();
